import Foundation
import Git
import Rigs
import Testing

/// The index as git writes it, of which every version is read.
@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct IndexFileTests {
    /// A thousand paths whose order is another one by folders than by bytes, or that share much with the one before.
    private func manyFiles(_ version: String, using random: inout SplitMix) throws -> TemporaryRepository {
        let parts = ["a", "a-b", "a.b", "a0", "ab", "é", "a b", String(repeating: "long", count: 40)]
        let place = try TemporaryRepository()
        var files: [String: String] = [:]
        while files.count < 1000 {
            let depth = 1 + random.next(below: 4)
            let folders = (0..<depth).map { _ in parts[random.next(below: parts.count)] }
            files[(folders + ["f\(random.next(below: 300))"]).joined(separator: "/")] = "\(files.count)\n"
        }
        try place.commit(files)
        try place.git("update-index", "--index-version", version)
        // Entries with more flags than others, which version 2 has not.
        try place.git("update-index", "--skip-worktree", #require(files.keys.sorted().first))
        try place.settle()
        return place
    }

    @Test(arguments: ["2", "4"]) func `every version of the index is read, in any order`(version: String) throws {
        var random = SplitMix(seed: 7)
        let place = try manyFiles(version, using: &random)
        let (repository, now) = (try place.open(), place.now)
        var paths = try place.files()
        let list = paths.map { $0 + "\n" }.joined()
        let lines = try place.git("hash-object", "--no-filters", "--stdin-paths", input: list).split(separator: "\n")
        let hashes = Dictionary(uniqueKeysWithValues: zip(paths, lines.map(String.init)))
        for _ in 0..<3 {
            let found = try repository.indexedBlobs(of: paths.map { try place.lookedAt($0) }, lookedAtSince: now)
            let wrong = zip(paths, found).filter { $1 != BlobID(hex: hashes[$0] ?? "") }.map(\.0)
            #expect(wrong == [hashes.keys.sorted()[0]])
            paths = paths.map { (random.next(), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    @Test(arguments: ["2", "4"]) func `an index that is spoilt proves nothing wrong`(version: String) throws {
        var random = SplitMix(seed: 11)
        let place = try manyFiles(version, using: &random)
        let (repository, now, path) = (try place.open(), place.now, place.root + "/.git/index")
        let files = try place.files().map { try place.lookedAt($0) }
        let whole = try [UInt8](Data(contentsOf: URL(filePath: path)))
        let known = repository.indexedBlobs(of: files, lookedAtSince: now)
        for round in 0..<60 {
            var spoilt = whole
            for _ in 0..<(1 + random.next(below: 200)) {
                spoilt[random.next(below: spoilt.count)] = UInt8(random.next(below: 256))
            }
            if round % 3 == 0 { spoilt.removeLast(random.next(below: spoilt.count)) }
            // Over the file, so that its times prove as much as before.
            try Data(spoilt).write(to: URL(filePath: path))
            for (found, right) in zip(repository.indexedBlobs(of: files, lookedAtSince: now), known) {
                #expect(found == nil || found == right)
            }
        }
    }
}
