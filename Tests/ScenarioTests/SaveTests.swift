import Foundation
import Testing

/// How people and their tools write files, at once, in pieces or all over: built once, when it is all there.
@Suite(.serialized) struct SaveTests {
    private static func tree(
        _ count: Int = 300,
        prepare: (TemporaryProject) throws -> Void = { _ in }
    ) async throws
        -> WatchedTree
    {
        try await WatchedTree { project in
            try project.run(
                "sh",
                "-ec",
                "for i in $(seq \(count)); do mkdir -p data/$((i % 20)); echo one > data/$((i % 20))/$i.txt; done"
            )
            try prepare(project)
        }
    }

    /// What is written for longer than a second may be built as it is then: once in each.
    private func expect(_ lines: [LoopLine], builds: Int, within seconds: Int = 0, _ what: String) {
        let (started, pushed) = (lines.nodes("started").count, lines.nodes("pushed").count)
        #expect(
            pushed >= builds && started >= pushed && started <= builds + seconds,
            "\(what): \(lines.map(\.text).joined(separator: "\n"))"
        )
    }

    // MARK: Many files

    private static let tools = [
        "an editor that saves all": "for i in $(seq 20); do echo two > data/$((i % 20))/$i.txt; done",
        "a formatter": """
        find data -name '*.txt' | while read -r file; do echo two > $file.tmp && mv $file.tmp $file; done
        """,
        "sed -i": "find data -name '*.txt' -exec sed -i s/one/two/ {} +",
        "tar": "tar -cf ../data.tar data && sed -i s/one/two/ data/1/*.txt && tar -xf ../data.tar && touch data/new",
        "cp -r": "cp -r data/1 data/copy && cp -r data/2 data/copy/2",
        "rm -r": "rm -r data/1 data/2",
        "mv": "mv data/1 data/moved",
        "ln -s": "mv data/1 data/moved && ln -s moved data/1",
        "a hard link that is written through": "ln data/1/1.txt data/hard && echo two >> data/hard",
        "a folder anew": "rm -r data && mkdir data && echo new > data/new.txt",
    ]

    @Test(arguments: tools.keys.sorted()) func `what a tool does to a tree is one build`(tool: String) async throws {
        let tree = try await Self.tree()
        var seconds = 0
        let lines = try await tree.lines {
            let start = ContinuousClock.now
            defer { seconds = Int((ContinuousClock.now - start) / .seconds(1)) }
            try tree.shell(try #require(Self.tools[tool]))
        }
        expect(lines, builds: 1, within: seconds, tool)
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    @Test(.enabled(if: Programs.has("rsync"), "rsync is missing"))
    func `rsync with deletions is one build`() async throws {
        let tree = try await Self.tree {
            try $0.run(
                "sh",
                "-ec",
                "cp -r data ../new; cd ../new; sed -i s/one/two/ */*.txt; rm -r 3; mkdir z; echo z > z/z"
            )
        }
        expect(try await tree.lines { try tree.shell("rsync -a --delete ../new/ data/") }, builds: 1, "rsync")
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    @Test func `what changes no content builds nothing`() async throws {
        let tree = try await Self.tree()
        for act in [
            "find data -exec touch {} +", "chmod -R a+x data && chmod -R a-x,a+X data", "cat data/a.txt data/1/*",
            "find data/1 -name '*.txt' | while read -r file; do cp $file $file.new && mv $file.new $file; done",
            "mv data/1 data/away && mv data/away data/1",
        ] {
            let lines = try await tree.lines { try tree.shell(act) }
            #expect(lines.nodes("pushed").isEmpty, "\(act): \(lines.map(\.text).joined(separator: "\n"))")
        }
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    /// As a package manager fills a folder: from one process, folder by folder, over seconds.
    @Test func `an installation of 3,000 files in 600 folders is one build`() async throws {
        let tree = try await WatchedTree()
        let lines = try await tree.lines {
            try tree.shell(
                """
                mkdir data/modules
                for i in $(seq 600); do
                  mkdir -p data/modules/$i/lib
                  for j in 1 2 3 4 5; do echo "$i $j" > data/modules/$i/lib/$j.js; done
                  case $i in *0) sleep 0.05;; esac
                done
                """
            )
        }
        expect(lines, builds: 1, "installation")
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    // MARK: Places

    /// The first of two bugs of git's own monitor for Linux (`fsmonitor--daemon` of August 2026): after the `mv`,
    /// folders below keep their old paths, and `git status` with it is empty.
    @Test func `below a folder that git moved edits are still seen`() async throws {
        let tree = try await WatchedTree(["data/top/sub/c.txt": "c", "data/top/sub/deep/d.txt": "d"])
        expect(try await tree.lines { try tree.project.git("mv", "data/top", "data/top2") }, builds: 1, "git mv")
        try tree.project.commitAll("moved")
        try await tree.rest()
        for text in ["one", "two"] {
            let lines = try await tree.lines {
                for file in ["c.txt", "deep/d.txt"] { try tree.project.write("data/top2/sub/\(file)", text) }
            }
            expect(lines, builds: 1, "edits below the new name")
            let modified = " M data/top2/sub/c.txt\n M data/top2/sub/deep/d.txt"
            #expect(try tree.project.git("status", "--porcelain").contains(modified))
            try tree.expectTagAsGitSays()
        }
        try await tree.loop.end()
    }

    @Test func `a write through another name outside the project is built`() async throws {
        let tree = try await WatchedTree { try $0.run("ln", "data/a.txt", "../outside.txt") }
        for text in ["one", "two"] {
            expect(try await tree.lines { try tree.project.write("../outside.txt", text) }, builds: 1, text)
        }
        try await tree.loop.end()
    }

    /// The second: a write through a shared map has no IN_MODIFY, and that monitor does not ask for IN_CLOSE_WRITE.
    @Test func `a write through a mapping is built`() async throws {
        let tree = try await WatchedTree()
        let lines = try await tree.lines {
            let descriptor = open(tree.project.path("data/a.txt"), O_RDWR)
            try #require(descriptor >= 0)
            let map = try #require(mmap(nil, 2, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
            close(descriptor)
            map.storeBytes(of: UInt8(ascii: "m"), as: UInt8.self)
            munmap(map, 2)
        }
        expect(lines, builds: 1, "mmap")
        #expect(try tree.project.git("status", "--porcelain", "data").contains(" M data/a.txt"))
        try tree.expectTagAsGitSays()
        try await tree.loop.end()
    }

    // MARK: Slowly

    @Test func `nobody waits for the end of the editor whose swap file is open`() async throws {
        let tree = try await WatchedTree()
        try tree.project.write("data/.a.txt.swp", "swap")
        let swap = try FileHandle(forWritingTo: tree.project.root.appending(path: "data/.a.txt.swp"))
        let lines = try await tree.lines {
            try swap.write(contentsOf: Data("more".utf8))
            try tree.project.write("data/a.txt", "saved")
        }
        #expect(!lines.contains { $0.event == "waiting" && $0.text.contains(".swp") }, "\(lines.map(\.text))")
        #expect(lines.nodes("pushed") == ["app"])
        try swap.close()
        try await tree.loop.end()
    }

    @Test func `a file that is written in pieces is built once, whole, and named meanwhile`() async throws {
        let tree = try await WatchedTree()
        let size = 20 << 20
        let mark = tree.loop.mark
        let handle = try FileHandle(forWritingTo: tree.project.root.appending(path: "data/a.txt"))
        for piece in 0..<20 {
            try handle.write(contentsOf: Data(repeating: UInt8(0x41 + piece), count: size / 20))
            guard piece % 7 == 0 else { continue }
            // Every change so far was read, and nothing was made of it.
            let nodes = try #require(try tree.status()["nodes"] as? [[String: Any]])
            #expect(nodes.first?["status"] as? String != "running", "\(nodes)")
        }
        try await tree.loop.wait(from: mark, for: "waiting for data/a.txt") { $0.heldPaths == ["data/a.txt"] }
        let status = try tree.project.imgwatch("status").output
        #expect(status.contains("data/a.txt"), "\(status)")
        #expect(Array(tree.loop.lines.dropFirst(mark)).nodes("started").isEmpty)
        try handle.close()
        try await tree.rest()
        expect(Array(tree.loop.lines.dropFirst(mark)), builds: 1, "20 MB")
        try tree.expectTree()
        #expect(try tree.project.shown("app", by: tree.loop)["data/a.txt"]?.utf8.count == size)
        try await tree.loop.end()
    }

    /// A step and an image of one file; the first takes what the configuration says for all, or the other does.
    @Test(arguments: [
        (quiet: "4s", ofStep: "1ms", pushed: 1, finished: 3), (quiet: "1ms", ofStep: "4s", pushed: 3, finished: 1),
    ])
    func `a series of saves is one run with a long quiet period, and one each with a short one`(
        quiet: String,
        ofStep: String,
        pushed: Int,
        finished: Int
    ) async throws {
        let tree = try await WatchedTree([
            ".imgwatch": """
            quiet: \(quiet)
            steps:
              step: {run: cp data/a.txt out, inputs: [data/a.txt], outputs: [out], quiet: \(ofStep)}
            images:
              app:
            """
        ])
        let mark = tree.loop.mark
        for save in 0..<3 {
            let before = tree.loop.mark
            try tree.project.write("data/a.txt", "save \(save)\n")
            let (event, node) = finished == 3 ? ("finished", "step") : ("pushed", "app")
            try await tree.loop.wait(from: before, for: event, node: node)
        }
        try await tree.rest()
        let lines = Array(tree.loop.lines.dropFirst(mark))
        #expect(lines.nodes("pushed").count == pushed && lines.nodes("finished").count == finished)
        #expect(lines.nodes("started").count == 4, "\(lines.map(\.text).joined(separator: "\n"))")
        try tree.expectTree()
        try await tree.loop.end()
    }
}
