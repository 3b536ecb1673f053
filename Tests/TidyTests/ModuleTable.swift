/// What each module may import, as the table of docs/architecture.md says: the only place where it stands.

import Foundation

struct ModuleTable: Sendable {
    struct Row: Sendable {
        var module: String
        var imports: Set<String>
    }

    static let document = "docs/architecture.md"
    /// In the order of the document; empty where the table is not found.
    static let rows = rows(in: Repository.text(of: document) ?? "")

    static func row(_ module: String) -> Row? { rows.first { $0.module == module } }

    /// Reads the rows under the header whose first cell is "module" and whose last is "may import".
    static func rows(in text: String) -> [Row] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(cells)
        guard let header = lines.firstIndex(where: { $0.first == "module" && $0.last == "may import" }) else {
            return []
        }
        return lines.dropFirst(header + 2).prefix { !$0.isEmpty }.compactMap { cells in
            guard let module = names(in: cells.first ?? "").first else { return nil }
            return Row(module: module, imports: Set(names(in: cells.last ?? "")))
        }
    }

    /// The cells of a table's line; empty for another line.
    private static func cells(of line: Substring) -> [String] {
        guard line.hasPrefix("|") else { return [] }
        return line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private static func names(in cell: String) -> [String] {
        cell.matches(of: /`(\w+)`/).map { String($0.1) }
    }
}
