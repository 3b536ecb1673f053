/// Histories for tests that ask git and us the same.

import Rigs

/// Commits on three branches as `git fast-import` reads them.
struct RandomHistory {
    static let files = ["a", "b/c", "b/d", "b/e/f", "b/e/g", "h/i", "h.x", "h/j/k/l"]
    static let folders = ["b", "b/e", "h", "h/j"]

    private(set) var stream = ""
    private var trees: [[String: Int]] = [[:], [:], [:]]
    private var marks: [Int?] = [nil, nil, nil]

    init(commits: Int, using random: inout SplitMix) {
        for mark in 1...commits { add(mark, using: &random) }
    }

    private mutating func add(_ mark: Int, using random: inout SplitMix) {
        let branch = random.next(below: 3)
        let other = random.next(below: 3)
        let isMerge = other != branch && marks[branch] != nil && marks[other] != nil && random.next(below: 3) == 0
        if isMerge {
            // Most merges take each file from one side, some take all from one, as `-s ours` does.
            let mixes = random.next(below: 2) == 0
            for file in Self.files where mixes && random.next(below: 2) == 0 {
                trees[branch][file] = trees[other][file]
            }
            if random.next(below: 3) == 0 { trees[branch] = trees[other] }
        }
        if !isMerge || random.next(below: 4) == 0 {
            let file = Self.files[random.next(below: Self.files.count)]
            trees[branch][file] = random.next(below: 4) == 0 ? nil : random.next(below: 5)
        }
        let time = 1_700_000_000 + mark * 60 + random.next(below: 600) - 300
        stream += "commit refs/heads/r\(branch)\nmark :\(mark)\ncommitter C <c@example.org> \(time) +0000\ndata 0\n"
        if let parent = marks[branch] { stream += "from :\(parent)\n" }
        if isMerge, let parent = marks[other] { stream += "merge :\(parent)\n" }
        stream += "deleteall\n"
        for (file, content) in trees[branch].sorted(by: { $0.key < $1.key }) {
            stream += "M 100644 inline \(file)\ndata 1\n\(content)\n"
        }
        stream += "\n"
        marks[branch] = mark
    }
}
