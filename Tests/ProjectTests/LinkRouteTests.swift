import Foundation
import Testing

@testable import Project

@Suite struct LinkRouteTests {
    @Test func `a link has its text, and nothing else has one`() throws {
        let tree = try TemporaryFolder(["file": "x", "folder/": ""])
        try tree.link("link", to: "../some where")
        #expect(LinkTarget.of(tree.path + "/link") == "../some where")
        for name in ["file", "folder", "none"] { #expect(LinkTarget.of(tree.path + "/" + name) == nil) }
    }

    @Test(arguments: [
        ("plain/file", [], "plain/file"), ("none", [], "none"), ("", [], ""), ("./plain/../file", [], "file"),
        ("../../plain", [], "plain"), ("to-file", ["to-file"], "plain/file"),
        ("to-folder/file", ["to-folder"], "plain/file"), ("chain", ["chain", "to-file"], "plain/file"),
        ("deep/up", ["deep/up"], "plain"), ("deep/up/file", ["deep/up"], "plain/file"),
        ("deep/absolute", ["deep/absolute"], "plain/file"), ("outside", ["outside"], "etc/passwd"),
        ("dangling", ["dangling"], "missing"), ("to-here", ["to-here"], ""), ("to-here/plain", ["to-here"], "plain"),
        ("through/file", ["through", "to-folder"], "plain/file"),
    ])
    func `in a context a path is followed, and stays there`(path: String, links: [String], end: String) throws {
        let tree = try TemporaryFolder(["plain/file": "", "deep/": ""])
        for (name, target) in [
            ("to-file", "plain/file"), ("to-folder", "plain"), ("chain", "to-file"), ("deep/up", "../plain"),
            ("deep/absolute", "/plain/file"), ("outside", "../../../etc/passwd"), ("dangling", "missing"),
            ("to-here", "."),
            ("through", "to-folder/"),
        ] {
            try tree.link(name, to: target)
        }
        let route = LinkRoute(path, in: tree.path, isConfined: true)
        #expect(route.links == links)
        #expect(route.end == end)
    }

    @Test func `to a command a path leads where the kernel says, and out of the folder is nowhere`() throws {
        let tree = try TemporaryFolder(["plain/file": ""])
        try tree.link("absolute", to: tree.path + "/plain")
        try tree.link("out", to: "/plain")
        try tree.link("up", to: "../plain")
        let ends = ["absolute/file", "out/file", "up/file"].map { LinkRoute($0, in: tree.path, isConfined: false) }
        #expect(ends.map(\.end) == ["plain/file", nil, nil])
        #expect(ends.map(\.links) == [["absolute"], ["out"], ["up"]])
    }

    @Test func `links that lead in a circle lead nowhere`() throws {
        let tree = try TemporaryFolder()
        try tree.link("a", to: "b")
        try tree.link("b", to: "a")
        try tree.link("self", to: "self/x")
        #expect(LinkRoute("a", in: tree.path, isConfined: true).end == nil)
        #expect(LinkRoute("self/y", in: tree.path, isConfined: true).end == nil)
    }

    @Test(arguments: [(39, true), (40, true), (41, false)])
    func `as many links are followed as by the kernel`(count: Int, hasEnd: Bool) throws {
        let tree = try TemporaryFolder(["0": ""])
        for index in 1...count { try tree.link("\(index)", to: "\(index - 1)") }
        #expect(LinkRoute("\(count)", in: tree.path, isConfined: true).end == (hasEnd ? "0" : nil))
        #expect((try? String(contentsOfFile: tree.path + "/\(count)", encoding: .utf8)) == (hasEnd ? "" : nil))
    }
}
