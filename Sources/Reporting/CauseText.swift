/// Why a node is stale, in one line.

package import Engine
internal import Graph

extension Cause {
    /// `inputs changed: src/a.c, src/b.c and 3 more`, `a need changed: base`, `never run`.
    package var text: String {
        let named = paths.prefix(Self.named).map(TerminalText.escaped)
        let more = max(pathCount, paths.count) - named.count
        let list = named.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        let edges = edges.map { TerminalText.escaped($0.name) }.joined(separator: ", ")
        let what = list.isEmpty ? edges : list
        return what.isEmpty ? reason.rawValue : "\(reason.rawValue): \(what)"
    }

    private static let named = 5
}
