/// `imgwatch verify`: images built anew, by imgwatch and by an engine, and compared.

import ArgumentParser
import Graph
import ImageEngines
import OCI
import Project

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build images anew, all of each by an engine too, and compare files and configurations.",
        discussion: """
            What the same key made before must be the same bytes, and what an engine makes of the Dockerfile the same \
            files and the same configuration; times are not compared. Nothing is published. Exit code 1: something \
            differs, or could not be built.
            """
    )

    @Argument(help: "The images to verify.")
    var names: [String]

    @Option(help: "The engine to compare with: docker, buildkit, buildah or podman; without it the usual one.")
    var engine: EngineKind?

    @Flag(name: .customLong("no-engine"), help: "Compare with the store alone.")
    var isWithoutEngine = false

    @Flag(
        name: .customLong("cached"),
        help: "Let the engine take from its cache what it built before: then a RUN need not make the same bytes twice."
    )
    var usesCache = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if engine != nil, isWithoutEngine { throw ValidationError("--engine and --no-engine exclude each other.") }
    }

    func run() async throws {
        let opening = try Opening(options, purpose: .verify)
        try check(opening.project)
        let session = try opening.session()
        let signals = await Interrupts(session, code: 1)
        let project = try await opening.prepare(session)
        try check(project)
        let graph = try opening.selection(names, in: project)
        let loop = Loop(session, project: project, selected: graph, mode: .plan)
        await loop.run()
        var isEqual = true
        var results: [JSON] = []
        for name in names {
            for (json, isGood) in await verify(NodeID(name), session, loop) {
                results.append(json)
                if !isGood { isEqual = false }
            }
        }
        await session.heads.end()
        signals.end()
        session.end()
        if options.isJSON { Say.json(.object([.init("version", .integer(1)), .init("images", .array(results))])) }
        if !isEqual { throw ExitCode(1) }
    }

    /// Tells of an image as soon as it is known, one platform after the other.
    private func verify(_ id: NodeID, _ session: Session, _ loop: Loop) async -> [(json: JSON, isEqual: Bool)] {
        let wish: Verification.Wish = isWithoutEngine ? .nobody : engine.map { .only($0) } ?? .usual
        var results: [(json: JSON, isEqual: Bool)] = []
        let reason: String
        do {
            let (image, inputs) = try await loop.verifiable(id)
            let verification = Verification(session: session, engine: wish, usesCache: usesCache)
            for one in image.forEachPlatform {
                let verified = try await verification.verify(one, inputs)
                if !options.isJSON { Say.line(verified.text) }
                results.append((verified.json, verified.isEqual))
            }
            return results
        } catch let problem as SessionError {
            reason = "\(problem.reason); \(problem.remedy)"
        } catch let problem as ImageProblem {
            reason = "\(id) can't be verified: \(problem.reason)"
        } catch {
            reason = "\(id) can't be verified: \(error)"
        }
        if !options.isJSON { Say.error("imgwatch: \(reason)") }
        let members: [JSON.Member] = [.init("image", .text(id.name)), .init("isEqual", .boolean(false))]
        return results + [(.object(members + [.init("failed", .text(reason))]), false)]
    }

    /// Only images can be verified.
    private func check(_ project: Project) throws(SessionError) {
        let known = project.images.map(\.id.name)
        for name in names where !known.contains(name) {
            let guess = Nearest.to(name, in: known).map { "did you mean `\($0)`? " } ?? ""
            let kind = project.graph[NodeID(name)].map { "\(name) is a \($0.kind.rawValue)" }
            throw SessionError(
                reason: kind.map { "\($0), and no image" } ?? "there is no image named \(name)",
                remedy: known.isEmpty
                    ? "this project has none" : guess + "its images: " + known.joined(separator: ", "),
                exitCode: 2
            )
        }
    }
}

extension EngineKind: ExpressibleByArgument {}
