import Foundation
import Glibc
import Reporting
import Testing

@testable import imgwatch

@Suite struct EngineDoctorTests {
    /// Programs that these texts are scripts of, and nothing else in PATH but what a shell needs.
    private func lines(_ scripts: [String: String], hasRun: Bool = false) async throws -> [Checkup.Line] {
        let folder = try TemporaryFolder()
        for (name, script) in scripts {
            try folder.write("bin/\(name)", "#!/bin/sh\n\(script)\n")
            try #require(chmod(folder.path("bin/\(name)"), 0o755) == 0)
        }
        if !scripts.isEmpty { try folder.link("bin/timeout", to: "/usr/bin/timeout") }
        var patient = Patient(environment: ["PATH": folder.path("bin")], folder: folder.root)
        patient.hasRun = hasRun
        return Array(await EngineDoctor(patient: patient).lines().dropFirst())
    }

    @Test func `an engine that answers is told with its version`() async throws {
        let scripts = [
            "docker": #"[ "$*" = "version --format {{.Server.Version}}" ] && echo 27.1"#,
            "buildah": #"[ "$*" = --version ] && echo "buildah version 1.28""#, "buildctl": "echo ID",
        ]
        let expected = ["docker 27.1", "buildctl, and BuildKit answers", "buildah version 1.28"]
        #expect(try await lines(scripts) == expected.map { Checkup.Line(.ok, $0) })
    }

    @Test func `an engine that does not work is a note with its own words and a remedy`() async throws {
        let line = try #require(try await lines(["docker": "echo permission denied on the socket >&2; exit 1"]).first)
        #expect(line.mark == .note && line.text == "docker does not answer: permission denied on the socket")
        #expect(line.remedies == ["sudo usermod -aG docker $USER, and log in again"])
    }

    @Test func `without any engine only RUN makes that a problem`() async throws {
        #expect(try await lines([:]) == [Checkup.Line(.note, "no docker, buildctl, buildah or podman is here")])
        let line = try #require(try await lines([:], hasRun: true).first)
        #expect(line.mark == .problem && line.remedies == ["sudo apt-get install buildah"])
    }
}
