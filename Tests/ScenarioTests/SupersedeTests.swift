import Foundation
import Synchronization
import Testing

/// Edits during runs: what is too old is ended or does not count, and never shows after what is newer.
@Suite struct SupersedeTests {
    @Test func `an edit during a step's run ends its processes before it starts again`() async throws {
        let (project, loop) = try await Branches.started()
        let mark = loop.mark
        try project.write("left.txt", "endless")
        let group = try await loop.group(of: "left", from: mark)
        #expect(!RunMark.members(ofGroup: group).isEmpty)
        try project.write("left.txt", "two")
        let superseded = try await loop.wait(from: mark, for: "superseded", node: "left")
        #expect(superseded.paths == ["left.txt"])
        try await loop.wait(from: mark, for: "the next start of left") { _ in
            loop.lines.dropFirst(mark).filter { $0.event == "started" && $0.node == "left" }.count == 2
        }
        #expect(RunMark.members(ofGroup: group).isEmpty)
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(lines.nodes("finished") == ["left"] && lines.nodes("failed").isEmpty)
        #expect(lines.nodes("pushed").count == 2, "what the ended run had written was published")
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "one"))
        try await loop.end()
    }

    @Test func `a step that ignores TERM is killed`() async throws {
        let (project, loop) = try await Branches.started()
        let mark = loop.mark
        try project.write("left.txt", "stubborn")
        let group = try await loop.group(of: "left", from: mark)
        try project.write("left.txt", "two")
        try await loop.publication(of: "both", from: mark)
        #expect(RunMark.members(ofGroup: group).isEmpty)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "one"))
        try await loop.end()
    }

    @Test func `a step that is to finish ends by itself, and does not count`() async throws {
        let (project, loop) = try await Branches.started(more: "on-change: finish")
        try project.write("step.sh", Branches.step + "echo \"$text\" >> $name.log\n")
        try await loop.settle(from: loop.mark, until: "both steps ran again") { Set($0.nodes("finished")).count == 2 }
        try project.remove("left.log")
        let mark = loop.mark
        try project.write("left.txt", "slow 0.5")
        _ = try await loop.group(of: "left", from: mark)
        try project.write("left.txt", "two")
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(try project.read("left.log") == "slow 0.5\ntwo\n")
        #expect(lines.nodes("started").filter { $0 == "left" }.count == 2)
        #expect(lines.nodes("superseded") == ["left"] && lines.nodes("finished") == ["left"])
        #expect(lines.nodes("pushed").count == 2)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "one"))
        try await loop.end()
    }

    @Test(arguments: ["restart", "finish"])
    func `changed and changed back during a run is changed`(onChange: String) async throws {
        let (project, loop) = try await Branches.started(more: "on-change: \(onChange)")
        let mark = loop.mark
        try project.write("left.txt", "slow 0.5")
        _ = try await loop.group(of: "left", from: mark)
        try project.write("left.txt", "two")
        try project.write("left.txt", "slow 0.5")
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(lines.nodes("started").filter { $0 == "left" }.count == 2)
        #expect(lines.nodes("finished") == ["left"] && lines.nodes("superseded") == ["left"])
        #expect(try project.shown("both", by: loop) == Branches.both(left: "slow 0.5", right: "one"))
        try await loop.end()
    }

    @Test func `saves that come faster than a step runs hold nobody else, and the last one counts`() async throws {
        let (project, loop) = try await Branches.started()
        let mark = loop.mark
        for save in 1...6 {
            try project.write("left.txt", "slow 0.80\(save)")
            if save == 3 { try project.write("right.txt", "two") }
            _ = try await loop.wait(from: mark, for: "started", node: "left")
            await Pause.of(milliseconds: 500)
        }
        #expect(loop.lines.dropFirst(mark).contains { $0.event == "pushed" && $0.node == "right-image" })
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(lines.nodes("finished").filter { $0 == "left" }.count <= 2)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "slow 0.806", right: "two"))
        try await loop.end()
    }

    /// One image of some megabytes: long enough in the making for edits to meet it.
    private func heavy() async throws -> (TemporaryProject, RunningLoop) {
        let project = try TemporaryProject([
            "data/version": "0", "Dockerfile": "FROM scratch\nCOPY data /data\n",
            ".imgwatch": "images:\n  app:\n    aliases: [dev]\n",
        ])
        var random = SeededRandom(seed: 1)
        let bytes = (0..<(8 << 20) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        try Data(bytes).write(to: project.root.appending(path: "data/heavy"))
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        return (project, loop)
    }

    @Test func `an alias never goes back to older content`() async throws {
        let (project, loop) = try await heavy()
        let store = try project.store()
        let seen = Sightings(of: "app:dev", in: store)
        let mark = loop.mark
        var random = SeededRandom(seed: 7)
        for version in 1...20 {
            try project.write("data/version", "\(version)")
            await Pause.of(milliseconds: Int.random(in: 0...250, using: &random))
        }
        try await loop.settle(from: mark, until: "the last version") { lines in
            lines.last { $0.event == "pushed" }.map { (try? Self.version($0.digest, in: store)) == 20 } ?? false
        }
        let versions = try seen.end().map { try Self.version($0, in: store) }
        #expect(versions == versions.sorted() && Set(versions).count == versions.count, "\(versions)")
        #expect(versions.first == 0 && versions.last == 20)
        let pushed = try loop.lines.filter { $0.event == "pushed" }.map { try Self.version($0.digest, in: store) }
        #expect(pushed == pushed.sorted(), "\(pushed)")
        try PublishedNames(in: store).check()
        try await loop.end()
    }

    @Test func `an image is published also while its files are saved all the time`() async throws {
        let (project, loop) = try await heavy()
        let mark = loop.mark
        var saves = 0
        while !loop.lines.dropFirst(mark).contains(where: { $0.event == "pushed" }), saves < 1500 {
            saves += 1
            try project.write("data/version", "\(saves)")
            await Pause.of(milliseconds: 15)
        }
        #expect(loop.lines.dropFirst(mark).contains { $0.event == "pushed" }, "starved by \(saves) saves")
        try await loop.settle(from: mark, until: "the last version") { lines in
            lines.last { $0.event == "pushed" }.map { (try? Self.version($0.digest, in: project.store())) == saves }
                ?? false
        }
        try await loop.end()
    }

    @Test func `no image has a file that is half-written, however often others are saved`() async throws {
        let (project, loop) = try await heavy()
        let mark = loop.mark
        try project.write("data/pieces", "BEGIN 0 END")
        var open: FileHandle?
        for round in 1...200 where loop.lines.dropFirst(mark).count(where: { $0.event == "pushed" }) < 2 {
            try project.write("data/version", "\(round)")
            // Half of the time somebody is in the midst of it.
            if round % 10 == 0 {
                open = try FileHandle(forWritingTo: project.root.appending(path: "data/pieces"))
                try open?.truncate(atOffset: 0)
                try open?.write(contentsOf: Data("BEGIN \(round)".utf8))
            } else if round % 10 == 5 {
                try open?.write(contentsOf: Data(" END".utf8))
                try open?.close()
                open = nil
            }
            await Pause.of(milliseconds: 25)
        }
        try open?.write(contentsOf: Data(" END".utf8))
        try open?.close()
        try await loop.settle(from: loop.mark, after: nil)
        let pushed = loop.lines.dropFirst(mark).filter { $0.event == "pushed" }
        #expect(!pushed.isEmpty)
        for line in pushed {
            let text = try Self.text("data/pieces", line.digest, in: project.store())
            #expect(text.hasSuffix("END"), "\(text)")
        }
        try await loop.end()
    }

    @Test func `an image of many files is published also while one of them is saved all the time`() async throws {
        var files = ["Dockerfile": "FROM scratch\nCOPY data /data\n", ".imgwatch": "images:\n  app:\n"]
        for number in 0..<1000 { files["data/\(number / 100)/\(number)"] = "\(number)" }
        files["data/version"] = "0"
        let project = try TemporaryProject(files)
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        let mark = loop.mark
        var saves = 0
        while !loop.lines.dropFirst(mark).contains(where: { $0.event == "pushed" }), saves < 1500 {
            saves += 1
            try project.write("data/version", "\(saves)")
            await Pause.of(milliseconds: 40)
        }
        #expect(loop.lines.dropFirst(mark).contains { $0.event == "pushed" }, "starved by \(saves) saves")
        try await loop.settle(from: mark, until: "the last version") { lines in
            lines.last { $0.event == "pushed" }.map { (try? Self.version($0.digest, in: project.store())) == saves }
                ?? false
        }
        try await loop.end()
    }

    private static func version(_ digest: String, in store: URL) throws -> Int {
        try #require(Int(try text("data/version", digest, in: store)))
    }

    /// What the image's last layer has as this file.
    private static func text(_ path: String, _ digest: String, in store: URL) throws -> String {
        let layer = try #require(try StoredManifest(digest: digest, in: store).layers.last)
        let blob = store.appending(path: "blobs/sha256/\(layer.dropFirst("sha256:".count))").path()
        return try Programs.run(["tar", "-xzOf", blob, path], in: store, ["PATH": "/usr/bin:/bin"])
    }
}

/// Looks at a name again and again, as others do who pull by it.
final class Sightings: Sendable {
    private struct State: Sendable {
        var digests: [String] = []
        var isEnding = false
    }
    private let state = Mutex(State())
    private let hasEnded = DispatchSemaphore(value: 0)

    init(of name: String, in store: URL) {
        Thread.detachNewThread { [self] in
            while !state.withLock(\.isEnding) {
                if let digest = try? PublishedNames(in: store).digests[name] {
                    state.withLock { if $0.digests.last != digest { $0.digests.append(digest) } }
                }
                _ = poll(nil, 0, 2)
            }
            hasEnded.signal()
        }
    }

    /// What the name stood for, one after the other.
    func end() -> [String] {
        state.withLock { $0.isEnding = true }
        hasEnded.wait()
        return state.withLock(\.digests)
    }
}
