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

    private func find(_ words: String) -> (line: Int, column: Int)? {
        let wanted = Array(words.unicodeScalars)
        guard !wanted.isEmpty else { return nil }
        for (offset, text) in source.enumerated() {
            let scalars = Array(text.unicodeScalars)
            for start in scalars.indices.dropLast(wanted.count - 1)
            where scalars[start...].starts(with: wanted) {
                return (line + offset, start + 1)
            }
        }
        return nil
    }
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
