/// "Did you mean": which of the known words a mistyped one is nearest to.

enum Suggestion {
    /// " Did you mean `x`?", or nothing where no word is near.
    static func sentence(for word: String, among words: [String]) -> String {
        nearest(to: word, among: words).map { " Did you mean `\($0)`?" } ?? ""
    }

    /// Compared without case; one edit in three characters is allowed, at most three, and the first of equals wins.
    static func nearest(to word: String, among words: [String]) -> String? {
        let wanted = Array(word.lowercased().unicodeScalars)
        let limit = min(3, max(1, wanted.count / 3))
        var best: (word: String, distance: Int)?
        for candidate in words {
            let scalars = Array(candidate.lowercased().unicodeScalars)
            let distance = distance(wanted, scalars)
            if distance <= limit, distance < max(wanted.count, scalars.count), distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// Insertions, deletions, substitutions and swaps of neighbours ("optimal string alignment").
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
