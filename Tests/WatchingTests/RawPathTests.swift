import Foundation
import Testing

@testable import Watching

@Suite struct RawPathTests {
    @Test(arguments: [
        ("/", "/"), ("", "/"), ("/a/b", "/a/b"), ("//a///b/", "/a/b"), ("/a/./b/.", "/a/b"), ("/a/../b", "/b"),
        ("/../..", "/"), ("/a/..", "/"), ("/...", "/..."),
    ])
    func `an absolute path is made normal`(path: (String, String)) {
        #expect(RawPath(path.0.utf8).text == path.1)
    }

    @Test(arguments: [("x", "/base/x"), ("../x", "/x"), ("/x", "/x"), ("", "/base"), ("../../..", "/")])
    func `a relative path starts at its base`(path: (String, String)) {
        #expect(RawPath(path.0.utf8, from: RawPath("/base".utf8)).text == path.1)
    }

    @Test func `a name is put below a path`() {
        #expect(RawPath.root.appending(Array("a".utf8)).text == "/a")
        #expect(RawPath("/a".utf8).appending(Array("b".utf8)).text == "/a/b")
        #expect(RawPath("/a/b".utf8).components == [Array("a".utf8), Array("b".utf8)])
        #expect(RawPath.root.components == [])
    }

    @Test(arguments: [("to", "/real/to"), ("../up", "/up"), ("/elsewhere/./x", "/elsewhere/x")])
    func `a link leads on from the real directory that it lies in`(link: (target: String, expected: String)) throws {
        let site = try Site()
        try site.run("mkdir real; ln -s real alias; ln -s \(link.target) real/link")
        let target = RawPath(site.path("alias/link").utf8).linkTarget
        let expected = link.target.hasPrefix("/") ? link.expected : site.folder + link.expected
        #expect(target?.text == expected)
        #expect(RawPath(site.path("real").utf8).linkTarget == nil)
    }
}
