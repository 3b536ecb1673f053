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
            let reading = readings[id]?.answer.reading
        else { return cause }
        let root = session.reader.root + "/"
        // What a step makes has that step for its cause.
        let files = reading.files.map(\.path).filter { !nodes.isGenerated($0) }
        let changed = session.reader.index.changed(among: files.map { root + $0 })
        var cause = cause
        cause.paths = changed.prefix(Self.namedPaths).map { String($0.dropFirst(root.count)) }
        cause.pathCount = changed.count
        return cause
    }
}
