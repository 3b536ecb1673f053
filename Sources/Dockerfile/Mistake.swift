/// A mistake before its place is known: rules that look at one word throw it, and who knows the instruction places it.

struct Mistake: Error, Hashable, Sendable {
    var id: String
    var reason: String
    var remedy: String
    /// The words of the Dockerfile that are wrong: where they stand in the instruction is the problem's place.
    var culprit: String?

    init(_ id: String, _ reason: String, _ remedy: String, at culprit: String? = nil) {
        (self.id, self.reason, self.remedy, self.culprit) = ("dockerfile-" + id, reason, remedy, culprit)
    }
}

/// The lines of one instruction as they stand in the file.
struct InstructionPlace: Hashable, Sendable {
    /// The first line, from 1.
    var line: Int
    var source: [String]
    /// Its here-documents, down to the line that ends the last one.
    var heredocs: [String] = []
    /// The comments above it, since the last empty one; a blank line leaves an empty one, too.
    var comments: [Comment] = []

    /// The place of a mistake is that of its culprit, or else the instruction's first character.
    func problem(_ mistake: Mistake) -> DockerfileProblem {
        let place = mistake.culprit.flatMap(find) ?? (line, firstColumn)
        return DockerfileProblem(
            id: mistake.id,
            line: place.line,
            column: place.column,
            reason: mistake.reason,
            remedy: mistake.remedy
        )
    }

    private var firstColumn: Int { 1 + (source.first?.unicodeScalars.prefix(while: \.isSpace).count ?? 0) }

    /// Where they are no part of a longer word, or else where they stand first.
    private func find(_ words: String) -> (line: Int, column: Int)? {
        let wanted = Array(words.unicodeScalars)
        guard !wanted.isEmpty else { return nil }
        var part: (line: Int, column: Int)?
        for (offset, text) in (source + heredocs).enumerated() {
            let scalars = Array(text.unicodeScalars)
            for start in scalars.indices.dropLast(wanted.count - 1)
            where scalars[start...].starts(with: wanted) {
                let place = (line + offset, start + 1)
                if Self.isWhole(start..<start + wanted.count, of: scalars) { return place }
                part = part ?? place
            }
        }
        return part
    }

    private static func isWhole(_ range: Range<Int>, of scalars: [Unicode.Scalar]) -> Bool {
        let isInside = { (end: Int) in
            scalars.indices.contains(end) && end > 0 && scalars[end - 1].isNameLike && scalars[end].isNameLike
        }
        return !isInside(range.lowerBound) && !isInside(range.upperBound)
    }

    /// How the variable is written that is called so: the culprit of a mistake.
    func reference(to name: String) -> String {
        ["${" + name, "$" + name].first { find($0) != nil } ?? name
    }
}

extension Unicode.Scalar {
    fileprivate var isNameLike: Bool { isASCIILetter || isASCIIDigit || self == "_" }
}

extension DockerfileProblems {
    /// In the order of the places, each but once.
    init(sorting problems: [DockerfileProblem]) {
        var seen: Set<DockerfileProblem> = []
        let unique = problems.filter { seen.insert($0).inserted }
        self.init(
            unique.enumerated().sorted { ($0.1.line, $0.1.column, $0.0) < ($1.1.line, $1.1.column, $1.0) }.map(\.1)
        )
    }
}
