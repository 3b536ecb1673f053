/// Which engine builds.

import ImageEngines
import Project
import Synchronization
import Testing

@testable import imgwatch

@Suite struct EngineChoiceTests {
    /// Answers as if these programs worked; the others are not installed.
    private final class Machine: Sendable {
        private let working: Mutex<Set<String>>
        let asked = Mutex<[String]>([])
        init(_ working: Set<String>) { self.working = Mutex(working) }
        func stop(_ program: String) { working.withLock { _ = $0.remove(program) } }
        var run: EngineRunner {
            { command, onLine in
                self.asked.withLock { $0.append(command.words[0]) }
                guard self.working.withLock({ $0.contains(command.words[0]) }) else { return .exited(127) }
                onLine("1.0")
                return .exited(0)
            }
        }
    }

    @Test(
        arguments: [
            (["docker", "buildah"], "docker 1.0", 0), (["buildctl", "podman"], "buildctl ", 1),
            (["buildah", "podman"], "1.0", 2),
            (["podman"], "1.0", 3),
        ] as [(Set<String>, String, Int)]
    )
    func `the first that works is taken, and the others are named`(
        working: Set<String>,
        text: String,
        passed: Int
    ) throws {
        let chosen = try EngineChoice().choose(for: .automatic, running: Machine(working).run)
        #expect(chosen.version.text == text && chosen.passedOver.count == passed)
    }

    @Test func `an engine is asked once, until it fails`() throws {
        let (machine, choice) = (Machine(["docker", "buildah"]), EngineChoice())
        _ = try choice.choose(for: .automatic, running: machine.run)
        let count = machine.asked.withLock(\.count)
        _ = try choice.choose(for: .automatic, running: machine.run)
        #expect(machine.asked.withLock(\.count) == count)
        machine.stop("docker")
        choice.forget(.docker)
        #expect(try choice.choose(for: .automatic, running: machine.run).engine.kind == .buildah)
    }

    @Test func `what is named is taken, or nothing`() throws {
        let machine = Machine(["docker"])
        #expect(throws: EngineProblem.self) { try EngineChoice().choose(for: .buildah, running: machine.run) }
        let nothing = #expect(throws: EngineProblem.self) {
            try EngineChoice().choose(for: .automatic, running: Machine([]).run)
        }
        #expect(nothing?.kind == .unavailable && nothing?.remedy.contains("apt-get install buildah") == true)
        #expect(nothing?.reason.contains("docker is not installed; buildctl is not installed") == true)
    }

    @Test(
        arguments: [
            ([:], Builder.automatic, nil), (["DOCKER_HOST": "unix:///run/docker.sock"], .docker, nil),
            (["DOCKER_HOST": "tcp://127.0.0.1:2375"], .docker, nil),
            (["DOCKER_HOST": "tcp://far:2375"], .docker, "far"),
            (["DOCKER_HOST": "ssh://me@far.example.com"], .automatic, "far.example.com"),
            (["DOCKER_HOST": "tcp://far:2375"], .buildah, nil), (["BUILDKIT_HOST": "tcp://[::1]:1234"], .buildkit, nil),
            (["BUILDKIT_HOST": "tcp://fleet:1234", "DOCKER_HOST": "tcp://far:1"], .buildkit, "fleet"),
        ] as [([String: String], Builder, String?)]
    )
    func `the environment says which engine is on another machine`(
        environment: [String: String],
        builder: Builder,
        host: String?
    ) {
        #expect(EngineChoice.otherHost(for: builder, environment) == host)
    }
}
