import Foundation
import Testing

/// A failure stays where it is: it is named, it holds what needs it and nothing else, and its mending sets that free.
@Suite(.serialized) struct FailureTests {
    @Test func `a failed step blocks what needs it, by name, and the other branch goes on`() async throws {
        let (project, loop) = try await Branches.started()
        let good = try #require(loop.lines.last { $0.event == "pushed" && $0.node == "left-image" })
        var mark = loop.mark
        try project.write("left.txt", "broken")
        try project.write("right.txt", "two")
        let lines = try await loop.settle(from: mark, until: "right-image pushed, left failed") {
            $0.nodes("failed") == ["left"] && $0.nodes("pushed").contains("right-image")
        }
        #expect(lines.first { $0.event == "failed" }?.reason == "the command exited with status 3")
        for image in ["left-image", "both"] {
            #expect(lines.last { $0.event == "blocked" && $0.node == image }?.holds == ["left"])
        }
        #expect(lines.nodes("pushed") == ["right-image"])
        #expect(lines.nodes("blocked").contains("right-image") == false)

        let names = try PublishedNames(in: project.store())
        #expect(names.digests["left-image:dev"] == good.digest)
        #expect(names.digests["left-image:\(good.tag)"] == good.digest)
        try names.check()

        mark = loop.mark
        try project.write("left.txt", "two")
        let mended = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(Set(mended.nodes("pushed")) == ["left-image", "both"])
        #expect(mended.nodes("started").filter { $0 == "right" || $0 == "right-image" }.isEmpty)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "two"))
        #expect(try await loop.end() == 0)
    }

    @Test func `of two failed steps only one is mended`() async throws {
        let (project, loop) = try await Branches.started()
        var mark = loop.mark
        try project.write("left.txt", "broken")
        try project.write("right.txt", "broken")
        let failed = try await loop.settle(from: mark, until: "two failures") { Set($0.nodes("failed")).count == 2 }
        #expect(failed.nodes("pushed").isEmpty)

        mark = loop.mark
        try project.write("left.txt", "two")
        let half = try await loop.settle(from: mark, until: "left-image pushed") {
            $0.nodes("pushed").contains("left-image")
        }
        #expect(half.nodes("pushed") == ["left-image"])
        #expect(half.nodes("started").contains("right") == false, "a failed key was tried again by itself")
        #expect(half.last { $0.event == "blocked" && $0.node == "both" }.map { $0.holds == ["right"] } ?? true)

        mark = loop.mark
        try project.write("right.txt", "two")
        try await loop.publication(of: "both", from: mark)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "two"))
        try await loop.end()
    }

    @Test func `edit, failure, revert: it runs again, and everything is fresh`() async throws {
        let (project, loop) = try await Branches.started()
        var mark = loop.mark
        try project.write("left.txt", "broken")
        try await loop.settle(from: mark, until: "left failed") { $0.nodes("failed") == ["left"] }
        #expect(!FileManager.default.fileExists(atPath: project.path("out/left")))
        mark = loop.mark
        try project.write("left.txt", "one")
        let lines = try await loop.settle(from: mark, until: "left finished") { $0.nodes("finished") == ["left"] }
        #expect(lines.nodes("started") == ["left"], "the outputs are the same, so no image is built")
        #expect(try project.read("out/left") == "left one\n")
        try await loop.end()
        #expect(try project.imgwatch("plan").output.contains("nothing to do"))
    }

    @Test func `a failed key is tried again on a new key or a restart, and by nothing else`() async throws {
        let (project, loop) = try await Branches.started()
        var mark = loop.mark
        try project.write("left.txt", "broken")
        try await loop.settle(from: mark, until: "left failed") { $0.nodes("failed") == ["left"] }
        mark = loop.mark
        try project.write("left.txt", "broken")
        try project.write("static.txt", "another\n")
        try project.write("right.txt", "two")
        let lines = try await loop.settle(from: mark, until: "right-image pushed") {
            $0.nodes("pushed").contains("right-image")
        }
        #expect(!lines.nodes("started").contains("left"))
        try await loop.end()
        let again = try project.imgwatch("build", "--json")
        #expect(again.status == 1)
        #expect(again.events.nodes("started") == ["left"] && again.events.nodes("failed") == ["left"])
        #expect(Set(again.events.nodes("blocked")) == ["left-image", "both"])
    }

    struct Ending: CustomTestStringConvertible, Sendable {
        var text: String
        var more = ""
        var reason: String
        var testDescription: String { text + more }
    }

    @Test(arguments: [
        Ending(text: "nothing", reason: "did not make out/left"),
        Ending(text: "killed", reason: "signal 9"),
        Ending(text: "slow 60", more: "timeout: 300ms", reason: "timeout of 300 ms"),
        Ending(text: "stubborn", more: "timeout: 300ms", reason: "timeout of 300 ms"),
    ])
    func `every way to end badly is told as what it is`(_ ending: Ending) async throws {
        let (project, loop) = try await Branches.started(more: ending.more)
        var mark = loop.mark
        try project.write("left.txt", ending.text)
        let lines = try await loop.settle(from: mark, until: "left failed") { $0.nodes("failed") == ["left"] }
        let reason = lines.first { $0.event == "failed" }?.reason ?? ""
        #expect(reason.contains(ending.reason), "\(reason)")
        #expect(Set(lines.nodes("blocked")) == ["left-image", "both"])
        #expect(lines.nodes("pushed").isEmpty)
        mark = loop.mark
        try project.write("left.txt", "two")
        try await loop.publication(of: "both", from: mark)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "one"))
        try await loop.end()
    }

    @Test func `a command that does not exist fails by name`() async throws {
        let project = try TemporaryProject([
            "a.txt": "a",
            ".imgwatch": "steps:\n  a: {run: [no-such-command, x], inputs: [a.txt], outputs: [out/a]}\n",
        ])
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 1)
        #expect(build.events.first { $0.event == "failed" }?.reason.contains("127") == true)
        #expect(build.events.contains { $0.event == "log" && $0.string("line").contains("no-such-command") })
    }

    @Test func `a failed run says which key failed and how long it took`() throws {
        let project = try Branches.project(["left": "broken"])
        let events = try project.imgwatch("build", "--json").events
        let started = try #require(events.first { $0.event == "started" && $0.node == "left" })
        let failed = try #require(events.first { $0.event == "failed" })
        #expect(failed.string("key") == started.string("key") && !failed.string("key").isEmpty)
        #expect(failed.string("round") == started.string("round"))
        #expect(Int(failed.string("ms")) != nil)
    }

    @Test func `a deleted input fails the nodes that name it, until it is back`() async throws {
        let (project, loop) = try await Branches.started()
        for (path, node) in [("left.txt", "left"), ("static.txt", "both")] {
            let content = try project.read(path)
            var mark = loop.mark
            try project.remove(path)
            let gone = try await loop.settle(from: mark, until: "\(node) failed") { $0.nodes("failed") == [node] }
            #expect(gone.first { $0.event == "failed" }?.reason.contains(path) == true)
            #expect(Set(gone.nodes("blocked")) == (node == "left" ? ["left-image", "both"] : []))
            #expect(gone.nodes("started").isEmpty)
            mark = loop.mark
            try project.write(path, content)
            let back = try await loop.settle(from: mark)
            #expect(back.nodes("started").isEmpty && back.nodes("failed").isEmpty)
            #expect(Set(back.nodes("reused")) == Set(gone.nodes("failed") + gone.nodes("blocked")), "nobody says so")
            #expect(back.filter { $0.event == "reused" && $0.kind == "image" }.allSatisfy { !$0.ref.isEmpty })
        }
        try await loop.end()
        #expect(try project.imgwatch("plan").output.contains("nothing to do"))
    }
}
