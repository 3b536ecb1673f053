/// Why a node is stale that changed while nobody watched: what its files held the last time says which of them.

import Engine
import Graph
import Inputs

extension Loop {
    /// How many paths a cause names.
    private static let namedPaths = 16

    /// Names the files, where the engine knows only that the key is another one than in an earlier session.
    func explained(_ cause: Cause, of id: NodeID) -> Cause {
        if cause.reason == .neverRan, let former = former[id] {
            return Cause(reason: former.reason, edges: cause.edges)
        }
        guard unwatched.contains(id), cause.reason == .inputs, cause.paths.isEmpty, cause.edges.isEmpty,
            let reading = readings[id]?.answer.reading, let before = remembered[id]
        else { return cause }
        // What a step makes has that step for its cause.
        let all = reading.differences(from: before).filter { !nodes.isGenerated($0.path) }
        // What is there now and held something else says more than what came or went.
        let changed = all.filter { $0.new != nil && $0.old != nil }
        let paths = (changed.isEmpty ? all : changed).map(\.path)
        var cause = cause
        cause.paths = Array(paths.prefix(Self.namedPaths))
        cause.pathCount = paths.count
        return cause
    }
}
