/// `imgwatch plan`: what would run now, in which order, and why.

import ArgumentParser
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting

struct Plan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what would run now, in which order and level, why, and which tags would change."
    )

    @Argument(help: "What to plan; without a name everything.")
    var names: [String] = []

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let opening = try Opening(options, purpose: .plan)
        _ = try opening.selection(names, in: opening.project)
        let session = try opening.session()
        let project = try await opening.prepare(session)
        let graph = try opening.selection(names, in: project)
        let loop = Loop(session, project: project, selected: graph, mode: .plan)
        await loop.run()
        let plan = await loop.plan()
        session.end()
        options.isJSON ? Say.json(plan.json) : Say.line(plan.text)
        if plan.entries.contains(where: { if case .fails = $0.action { true } else { false } }) { throw ExitCode(1) }
    }
}

/// What would run.
struct ProjectPlan: Sendable {
    enum Action: Equatable, Sendable {
        /// Up to date, and nothing that it needs would run.
        case none
        /// Would run.
        case run(Cause)
        /// Only its references are missing: nothing would be built.
        case reference
        /// Would run if what it needs comes out differently.
        case afterNeeds([NodeID])
        /// Can't run.
        case fails(String)
    }
    struct Entry: Sendable {
        var node: Node
        var level: Int
        var action: Action
        /// The tag that shows the image now.
        var old: String?
        /// The tag that it would get; nil where that is known only after its needs have run.
        var new: String?
        /// What an engine would do of it, and why.
        var engine: [String] = []
        /// What it is built on from outside of the project.
        var bases: [PinnedBase] = []
    }
    /// Level by level; of a level, in the order of the graph.
    let entries: [Entry]
    let moment: Timestamp

    init(entries: [Entry], at moment: Timestamp = .now()) {
        self.moment = moment
        self.entries = entries.enumerated().sorted { ($0.element.level, $0.offset) < ($1.element.level, $1.offset) }
            .map(\.element)
    }

    var text: String {
        let bases = PinnedBase.lines(entries.map { ($0.node.id.name, $0.bases) }, at: moment)
        return (actions + bases.map { "on \($0)" }).joined(separator: "\n")
    }

    private var actions: [String] {
        guard entries.contains(where: { $0.action != .none }) else { return ["nothing to do: everything is fresh"] }
        let width = entries.map(\.node.id.name.count).max() ?? 0
        var lines: [String] = []
        for entry in entries where entry.action != .none {
            let name = entry.node.id.name.padding(toLength: width, withPad: " ", startingAt: 0)
            lines.append("\(entry.level)  \(name)  \(entry.action.text)")
            if entry.node.kind == .image, entry.action.changesTags {
                let new = entry.new ?? "(known when its needs have run)"
                let indent = String(repeating: " ", count: width + 5)
                lines.append(indent + "\(entry.old ?? "(new)") → \(new)")
                lines += entry.engine.map { indent + $0 }
            }
        }
        return lines
    }

    var json: JSON {
        .object([.init("nodes", .array(entries.map(\.json)))])
    }
}

extension ProjectPlan.Entry {
    fileprivate var json: JSON {
        var members: [JSON.Member] = [
            .init("node", .text(node.id.name)), .init("kind", .text(node.kind.rawValue)),
            .init("level", .integer(level)),
            .init("action", .text(action.name)), .init("reason", .text(action.text)),
        ]
        if case .run(let cause) = action { members.append(.init("paths", .texts(cause.paths))) }
        if let old { members.append(.init("old", .text(old))) }
        if let new { members.append(.init("new", .text(new))) }
        if !engine.isEmpty { members.append(.init("engine", .texts(engine))) }
        if case .run(let cause) = action, !cause.bases.isEmpty { members.append(.init("moved", .texts(cause.bases))) }
        if !bases.isEmpty { members.append(.init("bases", .array(bases.map(\.json)))) }
        return .object(members)
    }
}

extension PinnedBase {
    fileprivate var json: JSON {
        let fields = [("reference", reference), ("digest", digest), ("confirmed", confirmed), ("created", created)]
        return .object(fields.compactMap { name, text in text.map { JSON.Member(name, .text($0)) } })
    }
}

extension ProjectPlan.Action {
    var name: String {
        switch self {
        case .none: "none"
        case .run: "run"
        case .reference: "reference"
        case .afterNeeds: "after-needs"
        case .fails: "fails"
        }
    }

    var text: String {
        switch self {
        case .none: "fresh"
        case .run(let cause): "runs: \(cause.text)"
        case .reference: "is built already; a reference is added"
        case .afterNeeds(let needs): "runs if \(needs.map(\.name).joined(separator: ", ")) change what it is made from"
        case .fails(let reason): "can't run: \(reason)"
        }
    }

    var changesTags: Bool {
        switch self {
        case .run, .reference, .afterNeeds: true
        case .none, .fails: false
        }
    }
}

extension Loop {
    /// Everything was read, and nothing was started.
    func plan() async -> ProjectPlan {
        var entries: [ProjectPlan.Entry] = []
        var moving: Set<NodeID> = []
        var failing: Set<NodeID> = []
        for node in nodes.graph.nodes {
            guard let view = engine.view(of: node.id) else { continue }
            let action = await action(node, view, moving, failing)
            if action != .none { moving.insert(node.id) }
            if case .fails = action { failing.insert(node.id) }
            let isOpen = nodes.graph.needs(of: node.id).contains(where: moving.contains)
            let image = isOpen ? nil : nodes.project.image(node.id)
            let new = image.flatMap { image in
                publication(of: node, view).map { session.store.tags(of: image, $0).main }
            }
            entries.append(
                ProjectPlan.Entry(
                    node: node,
                    level: nodes.graph.level(of: node.id),
                    action: action,
                    old: (published[node.id]?.references ?? former[node.id]?.references)?.first.map(Self.tag),
                    new: new,
                    engine: nodes.project.image(node.id).map(\.engineShare) ?? [],
                    bases: bases(of: node.id)
                )
            )
        }
        return ProjectPlan(entries: entries)
    }

    /// What an image is built on from outside of the project.
    func bases(of id: NodeID) -> [PinnedBase] {
        (nodes.project.image(id)?.variants.pins ?? []).map { session.bases.pinned($0.name) }
    }

    /// What follows the last colon.
    static func tag(of reference: String) -> String {
        reference.split(separator: ":").last.map(String.init) ?? reference
    }

    func publication(of node: Node, _ view: NodeView) -> Publication? {
        view.key.map {
            Publication(key: $0, provenance: view.provenance, destination: node.destination, round: 0)
        }
    }

    private func action(
        _ node: Node,
        _ view: NodeView,
        _ moving: Set<NodeID>,
        _ failing: Set<NodeID>
    ) async -> ProjectPlan.Action {
        if case .failed(let failure) = view.status { return .fails(failure.reason) }
        let stuck = nodes.graph.needs(of: node.id).filter(failing.contains)
        if !stuck.isEmpty { return .fails("it needs \(stuck.map(\.name).joined(separator: ", "))") }
        let needs = nodes.graph.needs(of: node.id).filter(moving.contains)
        if view.isFresh { return needs.isEmpty ? .none : .afterNeeds(needs) }
        if let image = nodes.project.image(node.id), let publication = publication(of: node, view) {
            do throws(ImageProblem) { _ = try await session.store.move(of: image, publication) } catch {
                if case .failed(let failure) = error, !failure.isTransient { return .fails(failure.reason) }
            }
            if await session.store.has(image, publication) { return .reference }
        }
        return .run(explained(view.cause, of: node.id))
    }
}

extension Image {
    /// Of each head, how far an engine goes, and for what.
    fileprivate var engineShare: [String] {
        if building.command != nil { return ["a command makes it"] }
        if building.builder == .codebuild { return ["CodeBuild makes it"] }
        return split.heads.map { head in
            let reasons = head.work.map { "\($0.what) in line \($0.line)" }
            let why = reasons.isEmpty ? "`builder: \(building.builder.rawValue)`" : Formats.list(reasons)
            if let exports = head.exports {
                return "an engine makes \(Formats.list(exports)), for \(why)"
            }
            return "an engine builds it up to line \(head.lastLine), for \(why)"
        }
    }
}
