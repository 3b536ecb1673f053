/// What a Lambda function is, against what the configuration wants of it, and who is about to change it.

import AWS
import Dockerfile
import Graph
import Project
import State

/// Tags on a function, by generations: when what is brought to it was begun.
enum Claim {
    /// Of who is about to give it an image.
    static func name(_ generation: Int) -> String { "\(Buildspec.Variable.functionTag)\(generation)" }
    /// Of a build that nobody follows, and that has not come to that yet.
    static func begun(_ generation: Int) -> String { "\(Buildspec.Variable.begunTag)\(generation)" }
}

extension Functions.Function {
    var claims: [Int] { generations(Buildspec.Variable.functionTag) }
    var begun: [Int] { generations(Buildspec.Variable.begunTag) }

    private func generations(_ prefix: String) -> [Int] {
        tags.keys.compactMap { $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil }
    }

    func shows(_ digest: String) -> Bool { image?.hasSuffix("@\(digest)") == true && isAtRest }
}

extension CloudFunction {
    /// What the configuration says of it.
    var settings: Functions.Settings {
        Functions.Settings(
            timeout: timeout.map { Int($0.components.seconds) },
            memory: memory,
            environment: environment.map { Dictionary($0.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }) }
        )
    }

    /// Whether its settings are others than those of the configuration.
    func differs(_ functions: Functions) async throws(AWSError) -> Bool {
        guard !settings.isEmpty else { return false }
        return !settings.hold(in: try await functions.settings(name))
    }

    /// Whether the function shows the image, its alias does, its settings are those of the configuration, and no build
    /// is under way that would give it another one.
    func isUpToDate(_ digest: String, _ functions: Functions) async throws(AWSError) -> Bool {
        guard let known = try await functions.function(name), known.shows(digest), known.begun.isEmpty else {
            return false
        }
        if let alias {
            let named = try await functions.function("\(name):\(alias)")
            guard let named, named.shows(digest), named.version != "$LATEST" else { return false }
        }
        return try await !differs(functions)
    }
}

extension CloudBuilds {
    /// Says that builds which nobody follows will give functions their images: whoever wants another one shown from now
    /// on claims the function, though it shows that one still.
    ///
    /// Where that can't be said, nothing is lost: what such a build does later is the newest that AWS knows of.
    func announce(_ generation: Int, to names: [String]) async {
        guard let client = try? await services.access().client() else { return }
        let functions = Functions(client)
        await withTaskGroup(of: Void.self) { group in
            for name in names {
                group.addTask {
                    guard let function = (try? await functions.function(name)) ?? nil else { return }
                    // What was announced before is covered by this.
                    let old = function.begun.filter { $0 < generation }.map(Claim.begun)
                    if !old.isEmpty { try? await functions.untag(function.arn, old) }
                    try? await functions.tag(function.arn, [Claim.begun(generation): ""])
                }
            }
        }
    }
}

extension Session {
    /// Forgets what functions were given where they are something else now, so that it is done again.
    ///
    /// Where AWS can't be asked, what is remembered holds.
    func lookAtFunctions(of project: Project) async {
        let rows = (try? state.successes()) ?? [:]
        let wanted = project.deploys.compactMap { deploy -> (Deploy, CloudFunction, String)? in
            guard case .function(let function) = deploy.action, rows[deploy.id.name]?.isVoid == false,
                let image = rows[deploy.image.name], !image.isVoid, !image.digest.isEmpty
            else { return nil }
            return (deploy, function, image.digest)
        }
        guard !wanted.isEmpty, let client = try? await cloud.services.access().client() else { return }
        let functions = Functions(client)
        let changed = await withTaskGroup(of: NodeID?.self) { group in
            for (deploy, function, digest) in wanted {
                group.addTask {
                    (try? await function.isUpToDate(digest, functions)) == false ? deploy.id : nil
                }
            }
            return await group.reduce(into: [NodeID]()) { if let id = $1 { $0.append(id) } }
        }
        for id in changed { _ = remember(id, nil, as: nil) }
    }
}
