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
        #expect(try place.open().cleanBlobID(of: "sub/f.txt") == stored)
        try place.write(content + "x", to: "sub/f.txt")
        #expect(try place.open().cleanBlobID(of: "sub/f.txt") != stored)
    }

    @Test func `attributes that change are seen by an open repository`() throws {
        let place = try TemporaryRepository()
        try place.commit(["f.txt": "one\r\n"])
        let repository = try place.open()
        let raw = try repository.cleanBlobID(of: "f.txt")
        try place.write("* text\n", to: ".gitattributes")
        #expect(try repository.cleanBlobID(of: "f.txt") != raw)
        #expect(try repository.cleanBlobID(of: "f.txt") == (try place.git("hash-object", "f.txt")))
    }

    @Test func `core.safecrlf refuses nothing here`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "core.autocrlf", "true")
        try place.git("config", "core.safecrlf", "true")
        try place.write("mixed\r\nends\n", to: "f.txt")
        let id = try place.git("-c", "core.safecrlf=false", "hash-object", "f.txt")
        #expect(try place.open().cleanBlobID(of: "f.txt") == id)
    }

    @Test func `a missing file is an error that names it`() throws {
        let place = try TemporaryRepository()
        let error = #expect(throws: GitError.self) { try place.open().cleanBlobID(of: "gone") }
        #expect(error?.reason.contains("gone") == true)
    }
}
