import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct TreeFilesTests {
    static let content = [
        "app/main.py": "1", "app/lib/a.py": "2", "app.txt": "3", "docs/read me.md": "4", "run.sh": "5",
    ]

    @Test(
        arguments: [
            ([""], ["app.txt", "app/lib/a.py", "app/link", "app/main.py", "docs/read me.md", "run.sh"]),
            (["app"], ["app/lib/a.py", "app/link", "app/main.py"]),
            (["app/lib", "app/lib/a.py", "app/main.py"], ["app/lib/a.py", "app/main.py"]),
            (["docs/read me.md", "missing", "app.txt/below"], ["docs/read me.md"]),
            ([], []),
        ] as [([String], [String])]
    )
    func `the files under prefixes are given, each once`(prefixes: [String], paths: [String]) throws {
        let place = try committed()
        #expect(try place.open().headFiles(under: prefixes).keys.map(\.text).sorted() == paths)
    }

    @Test func `modes and ids are those that git shows`() throws {
        let place = try committed()
        let shown = try place.git("ls-tree", "-r", "HEAD").split(separator: "\n").map { line in
            let parts = line.split(separator: "\t")
            let words = parts[0].split(separator: " ")
            return (GitPath(String(parts[1])), TreeFile(mode: UInt32(words[0], radix: 8) ?? 0, id: String(words[2])))
        }
        let files = try place.open().headFiles(under: [""])
        #expect(files == Dictionary(uniqueKeysWithValues: shown))
        #expect(Set(files.values.map(\.mode)) == [0o100644, 0o100755, 0o120000])
    }

    @Test func `a submodule is one entry, also for what lies below it`() throws {
        let place = try TemporaryRepository()
        let inner = try place.commit(["a": "1"])
        let cacheInfo = "160000,\(inner),vendor/lib"
        try place.git("update-index", "--add", "--cacheinfo", cacheInfo)
        try place.git("commit", "-q", "-m", "submodule")
        let entry: [GitPath: TreeFile] = ["vendor/lib": TreeFile(mode: 0o160000, id: inner)]
        let repository = try place.open()
        for prefix in ["vendor", "vendor/lib", "vendor/lib/src"] {
            #expect(try repository.headFiles(under: [prefix]) == entry)
        }
        let head = try place.git("rev-parse", "HEAD")
        #expect(try repository.newestCommit(touching: ["vendor/lib/src"], limit: 5) { $0 == "vendor/lib" }?.id == head)
    }

    @Test(arguments: ["", "text\n", "one\r\ntwo"]) func `a blob has the bytes that were committed`(
        content: String
    ) throws {
        let place = try TemporaryRepository()
        try place.commit([".gitattributes": "* -text\n", "f": content])
        let repository = try place.open()
        let file = try #require(try repository.headFiles(under: ["f"])["f"])
        #expect(try repository.blob(file.id) == Array(content.utf8))
        for name in ["", "xyz", String(repeating: "0", count: 40)] {
            #expect(throws: GitError.self) { try repository.blob(name) }
        }
    }

    private func committed() throws -> TemporaryRepository {
        let place = try TemporaryRepository()
        for (path, content) in Self.content { try place.write(content, to: path) }
        #expect(chmod(place.root + "/run.sh", 0o755) == 0)
        try FileManager.default.createSymbolicLink(atPath: place.root + "/app/link", withDestinationPath: "main.py")
        try place.commit([:])
        return place
    }
}
