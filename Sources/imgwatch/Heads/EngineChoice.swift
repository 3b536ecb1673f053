/// Which engine builds: the one that the configuration names, or the first that works.

import Foundation
import HTTP
import ImageEngines
import Project
import Synchronization

/// Safe to use from several threads.
final class EngineChoice: Sendable {
    struct Chosen: Sendable {
        var engine: ImageEngine
        var version: EngineVersion
        /// Why not an earlier one.
        var passedOver: [String]
    }

    private let known = Mutex<[EngineKind: EngineVersion]>([:])

    /// In the order in which they are tried.
    static func kinds(for builder: Builder) -> [EngineKind] {
        switch builder {
        // What CodeBuild builds is built here for a comparison alone.
        case .automatic, .assemble, .codebuild: [.docker, .buildkit, .buildah, .podman]
        case .docker: [.docker]
        case .buildkit: [.buildkit]
        case .buildah: [.buildah]
        case .podman: [.podman]
        }
    }

    /// The host of another machine that the environment sends builds to; nil for this one.
    ///
    /// What docker's contexts say is not known here.
    static func otherHost(for builder: Builder, _ environment: [String: String]) -> String? {
        let variables = kinds(for: builder).compactMap { [.docker: "DOCKER_HOST", .buildkit: "BUILDKIT_HOST"][$0] }
        guard let address = variables.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }),
            let mark = address.firstRange(of: "://"),
            ["tcp", "ssh", "http", "https"].contains(address[..<mark.lowerBound]),
            let host = WebAddress(parsing: "https://\(address[mark.upperBound...].split(separator: "@").last ?? "")/")?
                .host
        else { return nil }
        return HostKind(host) == .loopback ? nil : host
    }

    /// Blocks; throws why none works.
    func choose(for builder: Builder, running run: @escaping EngineRunner) throws(EngineProblem) -> Chosen {
        var problems: [EngineProblem] = []
        for kind in Self.kinds(for: builder) {
            let engine = ImageEngine(kind, run: run)
            if let version = known.withLock({ $0[kind] }) {
                return Chosen(engine: engine, version: version, passedOver: problems.map(\.reason))
            }
            do throws(EngineProblem) {
                let version = try engine.check()
                known.withLock { $0[kind] = version }
                return Chosen(engine: engine, version: version, passedOver: problems.map(\.reason))
            } catch {
                guard error.kind == .unavailable else { throw error }
                problems.append(error)
            }
        }
        guard builder == .automatic else { throw problems[0] }
        throw EngineProblem(
            .unavailable,
            "no engine works here: " + problems.map(\.reason).joined(separator: "; "),
            remedy: "`sudo apt-get install buildah`, or start docker"
        )
    }

    /// It does not work any more: it is looked for again.
    func forget(_ kind: EngineKind) { known.withLock { $0[kind] = nil } }
}
