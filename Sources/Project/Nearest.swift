/// The "did you mean": which of the possible words a mistyped one is nearest to.

package enum Nearest {
    /// The candidate that takes the fewest edits, at most one for every three characters of `word`.
    package static func to(_ word: String, in candidates: some Sequence<String>) -> String? {
        let limit = max(1, word.unicodeScalars.count / 3)
        var best: (word: String, distance: Int)?
        for candidate in candidates where candidate != word {
            let distance = distance(word, candidate)
            if distance <= limit, distance < candidate.unicodeScalars.count, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// How many characters must be put in, left out, replaced or swapped with their neighbour; case costs nothing.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.lowercased().unicodeScalars), Array(b.lowercased().unicodeScalars))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j + 1], row[j]) + 1
                cost = min(cost, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }

    /// The remedy for a word that is none of `candidates`, which are `plural`.
    static func remedy(for word: String, in candidates: [String], plural: String) -> String {
        if let near = to(word, in: candidates) { return "Did you mean `\(near)`?" }
        if candidates.isEmpty { return "There are no \(plural)." }
        var seen: Set<String> = []
        let known = candidates.filter { seen.insert($0).inserted }
        return "The \(plural) are \(known.map { "`\($0)`" }.joined(separator: ", "))."
    }
}
