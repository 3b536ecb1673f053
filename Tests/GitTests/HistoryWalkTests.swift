import Foundation
import Git
import Rigs
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
