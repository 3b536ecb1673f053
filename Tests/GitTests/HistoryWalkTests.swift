import Foundation
import Git
import Testing

/// Random histories, with merges of all kinds and clocks that go wrong, against git's own answer.
@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct HistoryWalkTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the newest commit is the one that git log names`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let place = try TemporaryRepository()
        try place.git("fast-import", "--quiet", input: RandomHistory(commits: 150, using: &random).stream)
        try place.git("symbolic-ref", "HEAD", "refs/heads/r\(random.next(below: 3))")
        let repository = try place.open()
        for _ in 0..<20 {
            let paths = random.sample(RandomHistory.files + RandomHistory.folders)
            let expected = try place.git(["log", "-1", "--format=%H", "--"] + paths, in: place.root)
            let found = try repository.newestCommit(touching: paths, limit: 1_000) { _ in true }
            #expect(found?.id ?? "" == expected, "seed \(seed), \(paths)")
            let files = random.sample(RandomHistory.files)
            let expectedOfFiles = try place.git(["log", "-1", "--format=%H", "--"] + files, in: place.root)
            let foundOfFiles = try repository.newestCommit(touching: [""], limit: 1_000) { files.contains($0) }
            #expect(foundOfFiles?.id ?? "" == expectedOfFiles, "seed \(seed), \(files)")
        }
    }
}

/// Commits on three branches as `git fast-import` reads them.
private struct RandomHistory {
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
