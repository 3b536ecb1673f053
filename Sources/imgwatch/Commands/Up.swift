/// `imgwatch up`: the loop.

import ArgumentParser
import Foundation
import Graph
import Project
import Reporting
import Serving

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch the project, and rebuild what each edit affects, until interrupted."
    )

    @OptionGroup var bases: BaseOptions

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .loop, asksForBases: bases.pull)
        let session = try opening.session()
        let signals = await Interrupts(session, code: 0)
        let project = try await opening.prepare(session)
        session.prepareForPushes(of: project)
        let loop = Loop(session, project: project, selected: project.graph, mode: .watch)
        session.begin(loop, in: project)
        let registry = try await session.serve()
        signals.stop(loop)
        let control = session.serveControl(of: loop, signals.count, in: opening.folders)
        session.output.whenBroken { Task { await loop.stop() } }
        await loop.run()
        await session.heads.end()
        signals.end()
        control?.stop()
        await registry?.stop()
        session.end()
    }
}

/// What commands take that build.
struct BaseOptions: ParsableArguments {
    @Flag(help: "Ask registries what bases from elsewhere are now, whatever `pull` says.")
    var pull = false
}

/// `imgwatch build`: once, and exit.
struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build what is not fresh, once, and exit.",
        discussion: """
            A NAME means the step, image or deploy and all that it needs. Without a deploy's name or --deploy nothing \
            is deployed. Exit code 1: something failed.
            """
    )

    @Argument(help: "What to build; without a name everything.")
    var names: [String] = []

    @Flag(help: "Deploy what is built, too.")
    var deploy = false

    @OptionGroup var bases: BaseOptions

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .build, asksForBases: bases.pull)
        _ = try opening.selection(names, in: opening.project)
        let session = try opening.session()
        let signals = await Interrupts(session, code: 1)
        let project = try await opening.prepare(session)
        let graph = try selection(opening, in: project)
        let loop = Loop(session, project: project, selected: graph, mode: .once)
        session.begin(loop, in: project)
        // Whoever is told to pull an image can.
        let registry = graph.nodes.contains { $0.kind == .deploy } ? try await session.serve() : nil
        signals.stop(loop)
        let control = session.serveControl(of: loop, signals.count, in: opening.folders)
        await loop.run()
        if await !loop.isStopping { await session.heads.finishSharing() }
        await session.heads.end()
        signals.end()
        control?.stop()
        await registry?.stop()
        session.end()
        if await loop.hasFailed { throw ExitCode(1) }
    }
    /// A build acts on the world only where it is asked to.
    private func selection(_ opening: Opening, in project: Project) throws -> Graph {
        let graph = try opening.selection(names, in: project)
        guard !deploy else {
            let deploys = project.deploys.filter { graph.contains($0.image) }
            return project.graph.selecting(graph.nodes.map(\.id) + deploys.map(\.id))
        }
        return graph.selecting(
            graph.nodes.filter { $0.kind != .deploy || names.contains($0.id.name) }.map(\.id)
        )
    }
}
