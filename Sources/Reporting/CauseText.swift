/// Why a node is stale, in one line.

package import Engine
internal import Graph

extension Cause {
    /// `inputs changed: src/a.c, src/b.c and 3 more`, `a base moved: alpine:3.20`, `a need changed: base`, `never run`.
    package var text: String {
        let named = paths.prefix(Self.named).map(TerminalText.escaped)
        let more = max(pathCount, paths.count) - named.count
        let list = named.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        let edges = edges.map { TerminalText.escaped($0.name) }.joined(separator: ", ")
        let what = list.isEmpty && bases.isEmpty ? [edges] : [list] + bases.map(TerminalText.escaped)
        let text = what.filter { !$0.isEmpty }.joined(separator: ", ")
        return text.isEmpty ? reason.rawValue : "\(reason.rawValue): \(text)"
    }

    private static let named = 5
}
