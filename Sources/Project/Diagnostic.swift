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
    package init(
        id: String, severity: Severity = .error, place: Place, reason: String, remedy: String, fix: String? = nil
    ) {
        (self.id, self.severity, self.place, self.reason) = (id, severity, place, reason)
        (self.remedy, self.fix) = (remedy, fix)
    }
}

/// Every mistake of one reading, in the order of the places; never empty, and at least one is an error.
package struct Diagnostics: Error, Equatable, Sendable {
    package var all: [Diagnostic]
    package init(_ all: [Diagnostic]) { self.all = all }
}
