/// The engines that could build what the built-in builder does not: which are there, and whether they work.

import Foundation
import Reporting

struct EngineDoctor {
    let patient: Patient

    func lines() async -> [Patient.Line] {
        async let docker = Deadline.offside { self.docker() }
        async let buildctl = Deadline.offside { self.buildctl() }
        async let buildah = Deadline.offside { self.plain("buildah") }
        async let podman = Deadline.offside { self.plain("podman") }
        let found = await [docker, buildctl, buildah, podman]
        let builtIn = Patient.Line(.ok, "the built-in builder needs none of these")
        return [builtIn] + found.flatMap(\.self) + advice(hasEngine: found.contains { !$0.isEmpty })
    }

    private func docker() -> [Patient.Line] {
        let place = patient.environment["DOCKER_HOST"].map { " (DOCKER_HOST=\(Self.withoutSecrets($0)))" } ?? ""
        let context = patient.environment["DOCKER_CONTEXT"].map { " (context \($0))" } ?? ""
        switch Program("docker", patient).run(["version", "--format", "{{.Server.Version}}"]) {
        case .missing: return []
        case .answered(let version): return [Patient.Line(.ok, "docker \(version)\(place)\(context)")]
        case .failed(let reason):
            let remedy =
                reason.contains("permission denied")
                ? "sudo usermod -aG docker $USER, and log in again"
                : "`sudo systemctl start docker`, or set DOCKER_HOST; `docker context ls` shows what is used"
            return [Patient.Line(.note, "docker\(place)\(context) does not answer: \(reason)", remedies: [remedy])]
        }
    }

    private func buildctl() -> [Patient.Line] {
        switch Program("buildctl", patient).run(["debug", "workers"]) {
        case .missing: return []
        case .answered: return [Patient.Line(.ok, "buildctl, and BuildKit answers")]
        case .failed(let reason):
            let remedy = "start buildkitd, or set BUILDKIT_HOST to where one listens"
            return [Patient.Line(.note, "buildctl finds no BuildKit: \(reason)", remedies: [remedy])]
        }
    }

    /// An engine without a daemon: its version says that it starts.
    private func plain(_ name: String) -> [Patient.Line] {
        switch Program(name, patient).run(["--version"]) {
        case .missing: []
        case .answered(let text): [Patient.Line(.ok, text)]
        case .failed(let reason): [Patient.Line(.note, "\(name) does not work: \(reason)")]
        }
    }

    private func advice(hasEngine: Bool) -> [Patient.Line] {
        guard !hasEngine else { return [] }
        guard patient.hasRun else { return [Patient.Line(.note, "no docker, buildctl, buildah or podman is here")] }
        return [
            Patient.Line(
                .problem,
                "no docker, buildctl, buildah or podman is here, and a Dockerfile of the project has RUN",
                remedies: ["sudo apt-get install buildah"]
            )
        ]
    }

    /// An address may hold a password.
    private static func withoutSecrets(_ address: String) -> String {
        address.replacing(/\/\/[^\/@]*@/, with: "//")
    }
}
