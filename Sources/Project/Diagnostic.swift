/// A mistake as a value: what is wrong, where, why, and how to mend it. Styles print it; golden texts test it.

package struct Place: Hashable, Sendable {
    /// As the user would name it: relative to the project's folder where it lies in it.
    package var file: String
    /// From 1; nil where the mistake is of the file as a whole.
    package var line: Int?
    package var column: Int?
    package init(file: String, line: Int? = nil, column: Int? = nil) {
        (self.file, self.line, self.column) = (file, line, column)
    }

    /// `file:line:column`, as far as they are known.
    package var text: String {
        ([file] + [line, line == nil ? nil : column].compactMap { $0.map(String.init) }).joined(separator: ":")
    }
}

package struct Diagnostic: Error, Hashable, Sendable {
    package enum Severity: String, Sendable { case error, warning }
    /// Stable: `config-unknown-key`, `race`, `dockerfile-…`.
    package var id: String
    package var severity: Severity
    package var place: Place
    /// One sentence: what is wrong, and why.
    package var reason: String
    /// One sentence: what to do.
    package var remedy: String
    /// A line that mends it, where there is one, as it would stand in the file.
    package var fix: String?
    /// What `check --fix` puts into the file of ``place`` for ``fix``; empty where a person must do it.
    ///
    /// Diagnostics of one reading that want the same insertion want it once.
    package var insertions: [Insertion]
    package init(
        id: String,
        severity: Severity = .error,
        place: Place,
        reason: String,
        remedy: String,
        fix: String? = nil,
        insertions: [Insertion] = []
    ) {
        (self.id, self.severity, self.place, self.reason) = (id, severity, place, reason)
        (self.remedy, self.fix, self.insertions) = (remedy, fix, insertions)
    }

    /// `file:line:column: error: reason [id]`, and below it, indented, the remedy and the line that mends it.
    package var text: String {
        var lines = ["\(place.text): \(severity.rawValue): \(reason) [\(id)]", "  remedy: \(remedy)"]
        if let fix { lines.append("  fix: \(fix.drop { $0 == " " })") }
        return lines.joined(separator: "\n")
    }
}

/// Every mistake of one reading, in the order of the places; never empty, and at least one is an error.
package struct Diagnostics: Error, Equatable, Sendable {
    package var all: [Diagnostic]
    /// The files that were looked at, absolute, the configuration among them: when one of them changes, another
    /// reading may go well.
    package var sourceFiles: [String]
    package init(_ all: [Diagnostic], sourceFiles: [String] = []) {
        (self.all, self.sourceFiles) = (all, sourceFiles)
    }

    /// One ``Diagnostic/text`` after the other, an empty line between them.
    package var text: String { all.map(\.text).joined(separator: "\n\n") }
}
