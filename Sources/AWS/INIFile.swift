/// The INI files of AWS's tools, read as botocore reads them: Python's `configparser`, and one level of nested blocks.

/// What stands under one name: values by key, and blocks like `s3 =` with their own keys.
package struct AWSSection: Hashable, Sendable {
    /// Keys are in lower case.
    package var values: [String: String] = [:]
    package var blocks: [String: [String: String]] = [:]

    package subscript(key: String) -> String? { values[key] }

    /// With what the other says; where both say something, the other wins.
    func overridden(by other: AWSSection) -> AWSSection {
        AWSSection(
            values: values.merging(other.values) { $1 },
            blocks: blocks.merging(other.blocks) { $1 }
        )
    }
}

struct INIFile: Hashable, Sendable {
    /// By the text between the brackets.
    private(set) var sections: [String: AWSSection] = [:]
    /// In the order of the file.
    private(set) var names: [String] = []

    /// `path` is for messages.
    init(parsing text: String, path: String) throws(AWSError) {
        var reader = INIReader(path: path)
        let text = text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            try reader.read(line)
        }
        try reader.endEntry()
        (sections, names) = (reader.sections, reader.names)
    }
}

/// Source: `RawConfigParser._read` of Python 3.11, and botocore's `configloader.raw_config_parse`.
private struct INIReader {
    var sections: [String: AWSSection] = [:]
    var names: [String] = []
    private let path: String
    private var number = 0
    private var section: String?
    private var entry: Entry?
    /// Of the last line that began something; a line that is further in goes on with it.
    private var indentation = 0

    private struct Entry {
        var key: String
        var line: Int
        var lines: [Substring]
    }

    init(path: String) { self.path = path }

    mutating func read(_ line: Substring) throws(AWSError) {
        number += 1
        let text = line.trimmed
        if text.isEmpty || text.hasPrefix("#") || text.hasPrefix(";") { return }
        let indentation = line.prefix { $0.isWhitespace }.count
        if entry != nil, indentation > self.indentation {
            entry?.lines.append(text)
            return
        }
        self.indentation = indentation
        try endEntry()
        if text.hasPrefix("["), let end = text.lastIndex(of: "]"), end > text.index(after: text.startIndex) {
            try begin(String(text[text.index(after: text.startIndex)..<end]))
        } else {
            try beginEntry(text)
        }
    }

    private mutating func begin(_ name: String) throws(AWSError) {
        guard sections[name] == nil else { throw problem("there is a second [\(name)]", "make one section of both") }
        sections[name] = AWSSection()
        names.append(name)
        section = name
    }

    private mutating func beginEntry(_ text: Substring) throws(AWSError) {
        guard let section else { throw problem("this stands before the first [section]", "put it into one") }
        guard let sign = text.firstIndex(where: { $0 == "=" || $0 == ":" }), sign > text.startIndex else {
            throw problem("this is neither a [section] nor `key = value`", "mend the line, or take it out")
        }
        let key = text[..<sign].trimmed.lowercased()
        guard sections[section]?.values[key] == nil, sections[section]?.blocks[key] == nil else {
            throw problem("\(key) is there twice in [\(section)]", "take one out")
        }
        entry = Entry(key: key, line: number, lines: [text[text.index(after: sign)...].trimmed])
    }

    /// An entry whose first line is empty and that has others is a block.
    mutating func endEntry() throws(AWSError) {
        guard let entry, let section else { return }
        self.entry = nil
        guard entry.lines.count > 1, entry.lines[0].isEmpty else {
            sections[section]?.values[entry.key] = entry.lines.joined(separator: "\n")
            return
        }
        var block: [String: String] = [:]
        for line in entry.lines.dropFirst() {
            guard let sign = line.firstIndex(of: "=") else {
                number = entry.line
                throw problem("the block \(entry.key) has a line without `=`", "mend the line, or take it out")
            }
            block[String(line[..<sign].trimmed)] = String(line[line.index(after: sign)...].trimmed)
        }
        sections[section]?.blocks[entry.key] = block
    }

    /// Without the line itself: it may be a secret.
    private func problem(_ reason: String, _ remedy: String) -> AWSError {
        AWSError("\(path):\(number): \(reason)", remedy: remedy)
    }
}

extension StringProtocol {
    /// Without white space around it.
    var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
