/// The registries that a project speaks to: whether they answer, how, and as whom they let us in.

import Dockerfile
import Foundation
import Graph
import HTTP
import Project
import Registry
import Reporting

struct RegistryDoctor {
    let patient: Patient

    /// One registry, and a repository in it to ask for.
    struct Target: Hashable {
        var host: String
        var repository: String
        /// The project's images, or what is built on.
        var purpose: String
    }

    func lines() async -> [Patient.Line] {
        guard let project = patient.project else { return [] }
        let http = HTTPClient()
        let registries = Registries(patient.environment, http)
        let targets = Self.targets(of: project)
        let found = await withTaskGroup(of: (Int, Patient.Line).self) { group in
            for (position, target) in targets.enumerated() {
                group.addTask { (position, await Self.look(at: target, registries)) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Self.own(project) + found
    }

    private static func own(_ project: Project) -> [Patient.Line] {
        switch project.registry {
        case .embedded: [Patient.Line(.ok, "the images are served by imgwatch itself")]
        case .layout(let folder): [Patient.Line(.ok, "the images are written to oci:\(folder)")]
        case .remote: []
        }
    }

    /// Each host once, that of the project first.
    static func targets(of project: Project) -> [Target] {
        var targets: [Target] = []
        if case .remote(let name) = project.registry {
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            let image = project.images.first?.id.name ?? "image"
            let repository = parts.count > 1 ? parts[1] + "/" + image : image
            targets.append(Target(host: parts[0], repository: repository, purpose: "for this project's images"))
        }
        for base in project.bases {
            guard let reference = ImageReference(parsing: base.reference),
                !targets.contains(where: { $0.host == reference.host })
            else { continue }
            targets.append(Target(host: reference.host, repository: reference.repository, purpose: base.reference))
        }
        return targets
    }

    /// Seconds.
    private static let patience = 6

    private static func look(at target: Target, _ registries: Registries) async -> Patient.Line {
        let source = registries.credentialSource(of: target.repository, at: target.host)
        let who = source.map { "with the credential of \($0)" } ?? "without a credential"
        let what = "\(target.host) (\(target.purpose))"
        let answer = await Deadline.within(.seconds(patience)) { () async -> Result<String, RegistryError> in
            do throws(RegistryError) {
                let client = try await registries.client(for: target.host, repository: target.repository)
                return .success(try await client.look(at: target.repository))
            } catch {
                return .failure(error)
            }
        }
        switch answer {
        case .success(let origin):
            let how = origin.hasPrefix("https:") ? "TLS" : "plain HTTP"
            return Patient.Line(.ok, "\(what) answers, \(how), \(who)")
        case .failure(let error):
            let advice = error.remedy.replacing("; it is tried again by itself", with: "")
            let remedy = error.isRefusal ? "docker login \(target.host)" : advice
            return Patient.Line(.problem, "\(what), \(who): \(error.reason)", remedies: [remedy])
        case nil:
            return Patient.Line(
                .problem,
                "\(what) does not answer within \(patience) s",
                remedies: ["check the address, the network, and a proxy before it"]
            )
        }
    }
}
