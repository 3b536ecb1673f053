import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct CleanFileTests {
    @Test(
        arguments: [
            ("", "plain\n"), ("* text=auto eol=crlf\n", "one\r\ntwo\r\n"), ("*.txt text\n", "one\r\ntwo\n"),
            ("*.txt ident\n", "$Id: 0123 $\n"), ("*.txt -text\n", "kept\r\n"), ("* text=auto\n", "bin\0\r\n"),
            ("*.txt text\n", ""),
        ]
    )
    func `a file's id is the one that git would store`(attributes: String, content: String) throws {
        let place = try TemporaryRepository()
        try place.commit([".gitattributes": attributes, "sub/f.txt": content])
        let stored = try place.open().headFiles(under: ["sub"])["sub/f.txt"]?.id
        #expect(try place.stored("sub/f.txt", place.open()) == stored)
        try place.write(content + "x", to: "sub/f.txt")
        #expect(try place.stored("sub/f.txt", place.open()) != stored)
    }

    @Test func `attributes that change are seen by an open repository`() throws {
        let place = try TemporaryRepository()
        try place.commit(["f.txt": "one\r\n"])
        let repository = try place.open()
        let raw = try place.stored("f.txt", repository)
        try place.write("* text\n", to: ".gitattributes")
        #expect(try place.stored("f.txt", repository) != raw)
        #expect(try place.stored("f.txt", repository) == (try place.git("hash-object", "f.txt")))
    }

    @Test func `core.safecrlf refuses nothing here`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "core.autocrlf", "true")
        try place.git("config", "core.safecrlf", "true")
        try place.write("mixed\r\nends\n", to: "f.txt")
        let id = try place.git("-c", "core.safecrlf=false", "hash-object", "f.txt")
        #expect(try place.stored("f.txt", place.open()) == id)
    }

    @Test func `what nothing converts has no other id than that of its bytes`() throws {
        let place = try TemporaryRepository()
        try place.write("one\r\n", to: "f.txt")
        #expect(try place.open().convertedBlobID(of: "f.txt") == nil)
        try place.write("* text\n", to: ".gitattributes")
        #expect(try place.open().convertedBlobID(of: "f.txt") == (try place.git("hash-object", "f.txt")))
    }

    @Test func `a missing file is an error that names it`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "core.autocrlf", "true")
        let error = #expect(throws: GitError.self) { try place.open().convertedBlobID(of: "gone") }
        #expect(error?.reason.contains("gone") == true)
    }
}

extension TemporaryRepository {
    /// The id that git stores the file under.
    func stored(_ path: String, _ repository: Repository) throws -> String {
        try repository.convertedBlobID(of: path)
            ?? git("hash-object", "--no-filters", repository.workDirectory + "/" + path)
    }
}
