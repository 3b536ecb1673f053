/// Real engines: a docker daemon of the test's own, and a storage of its own for buildah and podman.

import Foundation
import Glibc

package final class EngineServers: Sendable {
    private struct First: Decodable {
        var environment: [String: String]
    }

    private let process: RigProcess
    /// What imgwatch, docker and buildah need to find them.
    package let environment: [String: String]

    private static let areInstalled =
        getuid() == 0 && ["dockerd", "docker", "buildah", "busybox"].allSatisfy { MachineProgram($0) != nil }

    /// Those that all tests of a process share; nil where no daemon can run: it needs root, mounts and control groups.
    package static let shared = Task<EngineServers?, Never> {
        guard areInstalled else { return nil }
        do {
            return try await start()
        } catch {
            FileHandle.standardError.write(Data("no docker daemon for tests: \(error)\n".utf8))
            return nil
        }
    }

    private init(_ process: RigProcess) throws {
        self.process = process
        environment = try process.first(as: First.self).environment
    }

    private static func start() async throws -> EngineServers {
        try await onThread { try EngineServers(RigProcess("engines", Empty())) }
    }

    /// The daemon ends as if it had crashed.
    package func killDaemon() throws { try process.tell("kill") }

    package func startDaemon() throws { try process.tell("start") }
}
