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
