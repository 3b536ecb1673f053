import Foundation
import Testing

/// `kill -9` at any moment: nothing outlives the next start, and nothing that was done is lost or done twice.
@Suite(.serialized) struct CrashTests {
    private static let rounds = 15
    /// `SEED=n` crashes at other moments.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["SEED"] ?? "") ?? 42

    @Test func `after crashes at any moment everything converges to the tree, and nothing is broken`() async throws {
        let project = try Branches.project()
        var random = SeededRandom(seed: Self.seed)
        var texts = ["left": "one", "right": "one"]
        var marks: [RunMark] = []
        var known: [String: String] = [:]
        for round in 0..<Self.rounds {
            let mark = RunMark()
            let loop = try RunningLoop(project, environment: mark.environment)
            if Bool.random(using: &random) {
                try await loop.wait(for: "ready")
                for former in marks { #expect(former.steps().isEmpty, "round \(round): an orphan lives") }
            }
            for edit in 0..<Int.random(in: 1...3, using: &random) {
                await Pause.of(milliseconds: Int.random(in: 0...150, using: &random))
                let name = Bool.random(using: &random) ? "left" : "right"
                let text = Bool.random(using: &random) ? "slow 0.\(round + 10)" : "\(round) \(edit)"
                texts[name] = text
                try project.write("\(name).txt", text)
            }
            await Pause.of(milliseconds: Int.random(in: 0...400, using: &random))
            try await loop.crash()
            marks.append(mark)
            try note(loop, project, in: &known)
        }
        let mark = RunMark()
        let last = try RunningLoop(project, environment: mark.environment)
        let expected = Branches.both(left: texts["left"] ?? "", right: texts["right"] ?? "")
        try await last.settle(from: 0, until: "the final tree") { _ in
            (try? Self.shown("both", in: project)) == expected
        }
        for former in marks { #expect(former.steps().isEmpty) }
        for name in ["left", "right"] { #expect(try project.read("out/\(name)") == expected[name]) }
        #expect(try Self.shown("left-image", in: project) == ["left": expected["left"] ?? ""])
        #expect(try Self.shown("right-image", in: project) == ["right": expected["right"] ?? ""])
        try note(last, project, in: &known)
        try PublishedNames(in: project.store()).check()
        try await last.end()
        try await expectNothingToDo(project)
    }

    /// Content names never move; what was published under one stays.
    private func note(_ loop: RunningLoop, _ project: TemporaryProject, in known: inout [String: String]) throws {
        guard let store = PublishedNames.store(below: project.home.appending(path: "data").path()) else { return }
        var found = try PublishedNames(in: store).contentNames
        for line in loop.lines where line.event == "pushed" {
            let name = "\(line.node):\(line.tag)"
            #expect(found[name] == line.digest, "\(name) was told, and is not there")
            found[name] = line.digest
        }
        for (name, digest) in found {
            #expect(known[name, default: digest] == digest, "\(name) was published twice, with two digests")
        }
        for name in known.keys { #expect(found[name] != nil, "\(name) is lost") }
        known.merge(found) { first, _ in first }
    }

    private static func shown(_ image: String, in project: TemporaryProject) throws -> [String: String] {
        let store = try project.store()
        let digest = try #require(try PublishedNames(in: store).digests["\(image):dev"])
        return try UnpackedImage.files(digest: digest, in: store)
    }

    private func expectNothingToDo(_ project: TemporaryProject) async throws {
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, until: "ready") { $0.contains { $0.event == "ready" } }
        #expect(loop.lines.map(\.event).filter { $0 != "notice" } == ["ready", "idle"])
        try await loop.end()
    }

    @Test func `an orphan that goes on writing is ended before anything is read`() async throws {
        let (project, first) = try await Branches.started()
        try await first.end()
        let mark = RunMark()
        let loop = try RunningLoop(project, environment: mark.environment)
        try await loop.wait(for: "idle")
        try project.write("left.txt", "endless")
        let group = try await loop.group(of: "left")
        try await loop.crash()
        #expect(!RunMark.members(ofGroup: group).isEmpty, "nobody was left to be ended, so this proves nothing")
        try project.write("left.txt", "two")
        let next = try RunningLoop(project)
        try await next.wait(for: "ready")
        #expect(mark.steps().isEmpty && RunMark.members(ofGroup: group).isEmpty)
        try await next.publication(of: "both", from: 0)
        #expect(try project.shown("both", by: next) == Branches.both(left: "two", right: "one"))
        #expect(try project.read("out/left") == "left two\n")
        try await next.end()
        try await expectNothingToDo(project)
    }

    @Test func `an output that was spoiled while nobody watched is made again`() async throws {
        let (project, loop) = try await Branches.started()
        try await loop.end()
        try project.write("out/left", "spoiled\n")
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0)
        #expect(build.events.nodes("started") == ["left"])
        #expect(try project.read("out/left") == "left one\n")
        try await expectNothingToDo(project)
    }

    @Test func `a step that crashed with the program runs again although its outputs look right`() async throws {
        let (project, loop) = try await Branches.started()
        try project.write("left.txt", "slow 60")
        let group = try await loop.group(of: "left")
        try await loop.crash()
        try project.write("left.txt", "one")
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0)
        #expect(build.events.nodes("started") == ["left"], "its last start is not known to have succeeded")
        #expect(RunMark.members(ofGroup: group).isEmpty)
        try await expectNothingToDo(project)
    }
}
