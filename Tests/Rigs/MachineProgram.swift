/// Programs of the machine that tests run to their end: skopeo, curl, podman.

import Foundation
import Glibc

package struct MachineProgram: Sendable {
    package let path: String

    /// nil where it is not installed.
    package init?(_ name: String) {
        let folders = ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/sbin"]
        guard let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 }) else { return nil }
        path = "\(folder)/\(name)"
    }

    package init(path: String) { self.path = path }

    package struct Outcome: Sendable {
        package var status: Int32
        package var output: String
        package var errors: String
    }

    /// So many seconds a program may take before it is ended; generous, since nothing is measured.
    static let patience = 300

    /// Runs it with a home of its own, and nothing of the user's environment but what is given.
    package func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> Outcome {
        let words = ["/usr/bin/timeout", "-k", "5", "\(Self.patience)", path] + arguments
        return try await onThread {
            let folder = try RigFolder()
            let basics = ["HOME": folder.path, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
            try folder.write("input", input)
            let streams = ["input", "output", "errors"].map {
                open("\(folder.path)/\($0)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            }
            defer { for stream in streams { close(stream) } }
            let variables = basics.merging(environment) { $1 }
            let status = Spawning.end(of: try Spawning.start(words, variables, streams))
            let texts = ["output", "errors"].map {
                String(decoding: FileManager.default.contents(atPath: "\(folder.path)/\($0)") ?? Data(), as: UTF8.self)
            }
            return Outcome(status: status, output: texts[0], errors: texts[1])
        }
    }

    /// Runs it, and gives what it printed; throws where it does not succeed.
    @discardableResult
    package func succeed(_ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        let outcome = try await run(arguments, environment: environment)
        guard outcome.status == 0 else {
            let command = ([path] + arguments).joined(separator: " ")
            throw RigFailure("\(command): status \(outcome.status)\n\(outcome.output)\(outcome.errors)")
        }
        return outcome.output
    }
}
