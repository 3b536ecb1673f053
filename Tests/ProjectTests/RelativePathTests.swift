import Testing

@testable import Project

@Suite struct RelativePathTests {
    @Test(arguments: [
        ("a/b", "a/b", false), ("./a//b/", "a/b", true), (".", "", true), ("a/..", "", true), ("a/../b", "b", false),
        ("a/.", "a", true), ("..a/b", "..a/b", false), ("a b", "a b", false),
    ])
    func `a path is made clean`(text: String, path: String, isDirectory: Bool) throws {
        let clean = try RelativePath(text)
        #expect(clean.path == path)
        #expect(clean.isDirectory == isDirectory)
    }

    @Test(arguments: [
        ("", RelativePath.Fault.empty), ("/a", .absolute), ("..", .leaves), ("a/../../b", .leaves), ("a\nb", .control),
    ])
    func `a path that is none of the project's is refused`(text: String, fault: RelativePath.Fault) {
        #expect(throws: fault) { try RelativePath(text) }
    }

    @Test func `a path relative to a folder is taken by bytes`() {
        #expect(RelativePath.relative("a/b", to: "a") == "b")
        #expect(RelativePath.relative("a", to: "a") == "")
        #expect(RelativePath.relative("ab/c", to: "a") == nil)
        #expect(RelativePath.relative("a/b", to: "") == "a/b")
        #expect(RelativePath.relative("e\u{301}/b", to: "e\u{301}") == "b")
        #expect(RelativePath.relative("\u{E9}/b", to: "e\u{301}") == nil)
    }
}
