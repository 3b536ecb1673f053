/// `imgwatch build`: once, and exit.

import ArgumentParser
import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting
import Serving

struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build what is not fresh, once, and exit.",
        discussion: """
            A NAME means the step, image or deploy and all that it needs. Without a deploy's name or --deploy no \
            command of `deploy` is run; functions of `lambda` get what is built. Exit code 1: something failed.

            What CodeBuild builds is started in AWS, bases first, and not waited for, but with --wait, or where CI is
            set.
            """
    )

    @Argument(help: "What to build; without a name everything.")
    var names: [String] = []

    @Flag(help: "Deploy what is built, too.")
    var deploy = false

    @Flag(inversion: .prefixedNo, help: "Wait for what CodeBuild builds, and for functions.")
    var wait: Bool?

    @Flag(help: "Start builds in AWS without asking, where the configuration says `confirm: true`.")
    var yes = false

    @OptionGroup var bases: BaseOptions

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .build, asksForBases: bases.pull)
        _ = try opening.selection(names, in: opening.project)
        let session = try opening.session()
        let signals = await Interrupts(session, code: 1)
        let project = try await opening.prepare(session)
        // A person is asked once, and here.
        let graph = try selection(opening, in: project).unattended
        let isDetached = try !waits(project) && graph.nodes.contains(where: \.runsElsewhere)
        try await confirm(session, project, graph)
        let own = isDetached ? graph.withoutRemote : graph
        let hasFailed = own.nodes.isEmpty ? false : await build(own, of: project, session, opening, signals)
        defer { session.end() }
        if hasFailed { throw ExitCode(1) }
        if isDetached, try await detach(graph, of: project, session) { throw ExitCode(1) }
    }

    /// What stands on the command line counts more than where it runs.
    private func waits(_ project: Project) throws -> Bool {
        // A pipeline knows no graph, and each of its executions gets its bases by digest.
        if let pipeline = project.cloud?.pipeline {
            guard wait != false else {
                throw SessionError(
                    reason: "builds that go through the pipeline \(pipeline) are waited for",
                    remedy: "leave out `--no-wait`, or `pipeline` in `aws:`"
                )
            }
            return true
        }
        if let wait { return wait }
        let isAutomatic = ProcessInfo.processInfo.environment["CI"] ?? ""
        return !["", "0", "false"].contains(isAutomatic.lowercased())
    }

    /// - Returns: Whether something failed.
    private func build(
        _ graph: Graph,
        of project: Project,
        _ session: Session,
        _ opening: Opening,
        _ signals: Interrupts
    ) async -> Bool {
        let loop = Loop(session, project: project, selected: graph, mode: .once)
        session.begin(loop, in: project)
        // Whoever is told to pull an image can.
        let registry = graph.nodes.contains { $0.kind == .deploy } ? try? await session.serve() : nil
        signals.stop(loop)
        let control = session.serveControl(of: loop, signals.count, in: opening.folders)
        await loop.run()
        if await !loop.isStopping { await session.heads.finishSharing() }
        await session.heads.end()
        signals.end()
        control?.stop()
        await registry?.stop()
        return await loop.hasFailed
    }

    /// A build acts on the world only where it is asked to; a function is where an image goes.
    private func selection(_ opening: Opening, in project: Project) throws -> Graph {
        let graph = try opening.selection(names, in: project)
        let deploys = project.deploys.filter { item in
            guard graph.contains(item.image) else { return false }
            if case .function = item.action { return true }
            return deploy || names.contains(item.id.name)
        }
        let others = graph.nodes.filter { $0.kind != .deploy }.map(\.id)
        return project.graph.selecting(others + deploys.map(\.id))
    }

    // MARK: The cloud

    /// Nothing is started in AWS that a person wants to be asked for before.
    private func confirm(_ session: Session, _ project: Project, _ graph: Graph) async throws {
        guard project.cloud?.confirms == true, !yes, graph.nodes.contains(where: \.runsElsewhere) else { return }
        let loop = Loop(session, project: project, selected: graph, mode: .plan)
        await loop.run()
        let plan = await loop.plan()
        guard plan.entries.contains(where: { $0.node.runsElsewhere && $0.action != .none && $0.action != .reference })
        else { return }
        Say.error(plan.text)
        guard Question.mayBeAsked else {
            throw SessionError(
                reason: "`confirm: true` wants a person to be asked, and there is no terminal",
                remedy: "`imgwatch build --yes` starts it"
            )
        }
        guard Question.ask("Start this in AWS? [y/N]", for: ["y", "yes"]) else {
            throw SessionError(reason: "nothing was started", remedy: "`imgwatch plan` shows it again")
        }
    }

    /// - Returns: Whether something can't be built.
    private func detach(_ graph: Graph, of project: Project, _ session: Session) async throws -> Bool {
        guard let settings = project.cloud else { return false }
        for _ in 0..<Self.attempts {
            let loop = Loop(session, project: project, selected: graph, mode: .plan)
            await loop.run()
            do throws(ImageProblem) {
                let found = try await loop.detachable()
                let detachment = Detachment(session, settings, found.items)
                let started = try await detachment.start(found)
                tell(started, found)
                let building = Set(found.items.map(\.image.id.name) + found.live.keys + found.left)
                try await detachment.settle(await loop.settledFunctions(besides: building))
                return !found.failures.isEmpty
            } catch {
                switch error {
                // Somebody edits while it is read.
                case .inputChanged: continue
                case .failed(let failure):
                    throw SessionError(
                        reason: failure.reason,
                        remedy: "then `imgwatch build` again: it starts what is not there yet"
                    )
                default: throw SessionError(reason: "it was cancelled", remedy: "`imgwatch build` starts it again")
                }
            }
        }
        throw SessionError(
            reason: "the files change all the time",
            remedy: "run `imgwatch build` when they are at rest, or `imgwatch up`, which waits for that"
        )
    }

    private static let attempts = 5

    private func tell(_ started: [Detachment.Started], _ found: Loop.Detachable) {
        guard !options.isJSON else {
            return Say.json(
                .object([
                    .init("started", .array(started.map(\.json))), .init("building", .texts(found.live.keys.sorted())),
                    .init("left", .texts(found.left)),
                    .init("failed", .map(found.failures)),
                ])
            )
        }
        for one in started {
            Say.line("\(one.image)  \(one.reference)  \(one.isBatch ? "in the batch" : "in the build") \(one.id)")
        }
        for (image, build) in found.live.sorted(by: { $0.key < $1.key }) {
            Say.line("\(image)  is being built already\(build.isEmpty ? "" : ", in \(build)")")
        }
        for (image, reason) in found.failures.sorted(by: { $0.key < $1.key }) {
            Say.error("\(image)  can't be built: \(reason)")
        }
        if !found.left.isEmpty {
            let names = found.left.joined(separator: ", ")
            Say.line("not built, since one part is made here and another in AWS: \(names)")
            Say.line("`imgwatch build --wait` builds all of it")
        }
        let count = started.count + found.live.count
        if count == 0, found.failures.isEmpty {
            Say.line("nothing to start in AWS: every image is in the registry")
        } else if count > 0 {
            let images = Formats.count(count, "image")
            Say.line("AWS builds \(images); `imgwatch status` shows how far, `imgwatch build --wait` waits")
        }
    }
}

extension Graph {
    /// Nothing waits for a person's word.
    fileprivate var unattended: Graph {
        Graph(
            nodes.map { node in
                var node = node
                node.isManual = false
                return node
            }
        )
    }

    /// What can be made without anything that another machine makes.
    fileprivate var withoutRemote: Graph {
        let own = nodes.filter { node in
            !node.runsElsewhere && !needs(of: node.id).contains { self[$0]?.runsElsewhere == true }
        }
        return selecting(own.map(\.id))
    }
}

extension Detachment.Started {
    fileprivate var json: JSON {
        .object([
            .init("image", .text(image)), .init("ref", .text(reference)), .init("build", .text(id)),
            .init("batch", .boolean(isBatch)),
        ])
    }
}
