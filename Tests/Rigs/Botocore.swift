/// Asks botocore, AWS's own client in Python, what it makes of the same: an oracle, where it is installed.

package import Foundation
import Glibc

package enum Botocore {
    /// The folder into which `scripts/setup test` puts what is of Python.
    package static let tools: String = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory() + "/.cache"
        return cache + "/imgwatch/test-tools"
    }()

    /// The Python that has it; nil where none does.
    private static let python: String? = ["python3", "\(tools)/bin/python3"].first { python in
        let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nowhere) }
        let words = [python, "-c", "import botocore.session"]
        let environment = ProcessInfo.processInfo.environment
        let process = try? Spawning.start(words, environment, [nowhere, nowhere, nowhere])
        return process.map { Spawning.end(of: $0) == 0 } ?? false
    }

    package static var isThere: Bool { python != nil }

    /// The question and the answer are JSON; `servers/botocore_oracle.py` says what can be asked.
    package static func ask(_ question: some Encodable & Sendable) async throws -> Data {
        let python = try python.orThrow(RigFailure("no Python here has botocore"))
        return try await onThread {
            let folder = try RigFolder()
            try folder.write("input", String(decoding: JSONEncoder().encode(question), as: UTF8.self))
            let script = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
                .appending(path: "servers/botocore_oracle.py").path
            let streams = ["input", "output", "errors"].map {
                open("\(folder.path)/\($0)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            }
            defer { for stream in streams { close(stream) } }
            let environment = ProcessInfo.processInfo.environment
            let status = Spawning.end(of: try Spawning.start([python, "-B", script], environment, streams))
            func text(_ name: String) -> Data {
                FileManager.default.contents(atPath: "\(folder.path)/\(name)") ?? Data()
            }
            guard status == 0 else { throw RigFailure("botocore: \(String(decoding: text("errors"), as: UTF8.self))") }
            return text("output")
        }
    }
}
