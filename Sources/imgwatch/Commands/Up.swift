/// `imgwatch up`: the loop.

import ArgumentParser
import Foundation
import Project
import Reporting
import Serving

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch the project, and rebuild what each edit affects, until interrupted."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .loop)
        let session = try opening.session()
        let loop = Loop(session, project: opening.project, selected: opening.project.graph, mode: .watch)
        try session.begin(loop, in: opening.project)
        let registry = try await session.serve()
        let signals = Interrupts(stopping: loop, session)
        let control = session.serveControl(of: loop, signals.count, in: opening.folders)
        session.output.whenBroken { Task { await loop.stop() } }
        await loop.run()
        signals.end()
        control?.stop()
        await registry?.stop()
        session.end()
    }
}

/// `imgwatch build`: once, and exit.
struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build what is not fresh, once, and exit.",
        discussion: "A NAME means the step or image and all that it needs. Exit code 1: something failed."
    )

    @Argument(help: "What to build; without a name everything.")
    var names: [String] = []

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .build)
        let graph = try opening.selection(names)
        let session = try opening.session()
        let loop = Loop(session, project: opening.project, selected: graph, mode: .once)
        try session.begin(loop, in: opening.project)
        let signals = Interrupts(stopping: loop, session)
        let control = session.serveControl(of: loop, signals.count, in: opening.folders)
        await loop.run()
        signals.end()
        control?.stop()
        session.end()
        if await loop.hasFailed { throw ExitCode(1) }
    }
}
