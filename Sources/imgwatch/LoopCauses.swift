/// Why a node is stale that changed while nobody watched: which of its files hold something else than the last time,
/// and which of its bases moved.

import Engine
import Graph
import Inputs
import Project

extension Loop {
    /// How many paths a cause names.
    private static let namedPaths = 16

    /// Names the files, where the engine knows only that the key is another one than in an earlier session.
    func explained(_ cause: Cause, of id: NodeID) -> Cause {
        if cause.reason == .neverRan, let former = former[id] {
            return Cause(reason: former.reason, edges: cause.edges)
        }
        guard unwatched.contains(id), cause.reason == .inputs, cause.paths.isEmpty, cause.edges.isEmpty else {
            return cause
        }
        var cause = cause
        let pins = nodes.project.image(id)?.variants.pins ?? []
        cause.bases = pins.map(\.name).filter(session.bases.hasMoved).map(\.text)
        if let reading = readings[id]?.answer.reading, let before = remembered[id] {
            name(reading, before, &cause)
        }
        if cause.paths.isEmpty, !cause.bases.isEmpty { cause.reason = .base }
        return cause
    }

    private func name(_ reading: Reading, _ before: Reading, _ cause: inout Cause) {
        // What a step makes has that step for its cause.
        let all = reading.differences(from: before).filter { !nodes.isGenerated($0.path) }
        // What is there now and held something else says more than what came or went.
        let changed = all.filter { $0.new != nil && $0.old != nil }
        let paths = (changed.isEmpty ? all : changed).map(\.path)
        cause.paths = Array(paths.prefix(Self.namedPaths))
        cause.pathCount = paths.count
    }
}
