import Foundation
import Rigs
import Testing

/// A loop with nothing to do does nothing: it would cost a laptop its battery.
@Suite(.serialized) struct IdleTests {
    /// Seconds until each armed timer of the process goes off, as `/proc/PID/fdinfo` tells them.
    private static func timers(of process: Int32) throws -> [Int] {
        let files = FileManager.default
        return try files.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap { number in
            guard let kind = try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(number)"),
                kind.contains("timerfd"),
                let text = try? String(contentsOfFile: "/proc/\(process)/fdinfo/\(number)", encoding: .utf8),
                let value = text.firstMatch(of: #/it_value: \((\d+), (\d+)\)/#),
                let seconds = Int(value.1), let nanoseconds = Int(value.2)
            else { return nil }
            return seconds == 0 && nanoseconds == 0 ? nil : seconds
        }
    }

    @Test func `an idle loop waits for no moment, also after a build and an answer`() async throws {
        let project = try TemporaryProject([
            "data/a.txt": "a", "Dockerfile": "FROM scratch\nCOPY data /data\n", ".imgwatch": "images:\n  app:\n",
        ])
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, after: "ready")
        let mark = loop.mark
        try project.write("data/a.txt", "b")
        try await loop.settle(from: mark)
        #expect(try project.imgwatch("status").status == 0)
        _ = try await Waiting.until("no timer within a minute") {
            try Self.timers(of: loop.process.processIdentifier).allSatisfy { $0 > 60 } ? true : nil
        }
        #expect(try await loop.end() == 0)
    }
}
