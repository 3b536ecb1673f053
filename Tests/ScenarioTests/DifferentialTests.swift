import Foundation
import Rigs
import Testing

/// Dockerfiles by imgwatch and by real engines: the same file systems, the same configurations, or a difference that
/// docs/dockerfile.md names.
///
/// `make differential` compares more, random ones among them.
@Suite(
    .serialized,
    .enabled("no docker daemon can run here, or skopeo is missing") {
        await EngineServers.shared.value != nil && Skopeo.isInstalled
    }
)
struct DifferentialTests {
    private func compare(_ words: [String]) async throws -> String {
        let script = Programs.repository.appending(path: "Tests/Differential/differential.py").path()
        let python = try #require(MachineProgram("python3"))
        let done = try await python.run(["-B", script, Programs.imgwatch.path()] + words)
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        return done.output
    }

    @Test func `as docker's BuildKit makes them`() async throws {
        #expect(try await compare(["--engines", "docker"]).hasPrefix("114 Dockerfiles, 111 comparisons"))
    }

    @Test func `as buildah makes them, which builds the heads as well`() async throws {
        let cases = [
            "run-then-copy", "run-adds-user", "run-makes-link", "run-multi-stage", "run-multi-stage-wild-outside",
            "run-multi-stage-both", "run-onbuild-child", "run-mount-bind", "run-cmd-before", "copy-dot", "add-tgz",
        ]
        let words = ["--engines", "buildah", "--heads", "buildah"] + cases.flatMap { ["--only", $0] }
        #expect(try await compare(words).hasPrefix("11 Dockerfiles, 11 comparisons"))
    }

    @Test func `random ones`() async throws {
        #expect(
            try await compare(["--engines", "docker", "--random", "1", "12"]).hasPrefix(
                "12 Dockerfiles, 12 comparisons"
            )
        )
    }
}
