import Foundation
import Testing

/// What git does to many files, in several goes, is one build each: of what is there when git is done.
@Suite(.serialized, .enabled(if: Programs.has("git"), "git is missing")) struct GitRestTests {
    /// Whether the image was built as often as this, and published after each build.
    private func expect(
        _ lines: [LoopLine],
        builds count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let built = Array(repeating: "app", count: count)
        #expect(
            lines.nodes("started") == built && lines.nodes("pushed") == built,
            "\(lines.map(\.text).joined(separator: "\n"))",
            sourceLocation: sourceLocation
        )
    }

    /// Does what may not build, and edits before and after it.
    private func expectNothing(_ tree: WatchedTree, _ name: String, of act: () throws -> Void) async throws {
        let lines = try await tree.lines(of: act)
        let told = lines.filter { ["changed", "stale", "started", "pushed", "failed"].contains($0.event) }
        #expect(told.isEmpty, "\(name): \(told.map(\.text))")
        let after = try await tree.lines {
            try act()
            try tree.project.write("data/b.txt", "after \(name)")
        }
        expect(after, builds: 1)
        let before = try await tree.lines {
            try tree.project.write("data/b.txt", "before \(name)")
            try act()
        }
        expect(before, builds: 1)
    }

    // MARK: Branches

    /// `isHeld`: the loop reads nothing meanwhile, so that the kernel's queue overflows.
    @Test(arguments: [false, true])
    func `another branch of 5,000 other files is one build, and the way back is none`(isHeld: Bool) async throws {
        let tree = try await WatchedTree { project in
            try project.run(
                "sh",
                "-ec",
                "mkdir data/many; cd data/many; for i in $(seq 5000); do echo main > $i; done"
            )
            try project.commitAll("first")
            try project.git("checkout", "-q", "-b", "other")
            try project.run("sh", "-ec", "cd data/many; for i in $(seq 5000); do echo other > $i; done; rm 7")
            try project.commitAll("second")
            try project.git("checkout", "-q", "main")
        }
        let pid = tree.loop.process.processIdentifier
        let there = try await tree.lines {
            if isHeld { kill(pid, SIGSTOP) }
            defer { kill(pid, SIGCONT) }
            try tree.project.git("checkout", "-q", "other")
        }
        expect(there, builds: 1)
        try tree.expectTagAsGitSays()
        let back = try await tree.lines {
            if isHeld { kill(pid, SIGSTOP) }
            defer { kill(pid, SIGCONT) }
            try tree.project.git("checkout", "-q", "main")
        }
        expect(back, builds: 0)
        #expect(back.nodes("reused") == ["app"])
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    @Test func `a checkout through a slow filter is one build, though it takes longer than anybody is waited for`()
        async throws
    {
        let tree = try await WatchedTree { project in
            try project.write(".gitattributes", "*.slow filter=slow\n")
            try project.commitAll("first")
            try project.git("config", "filter.slow.smudge", "sleep 4; cat")
            try project.git("checkout", "-q", "-b", "other")
            for file in 0..<3 {
                try project.write("data/\(file).slow", "other \(file)")
                try project.write("data/\(file).txt", "other \(file)")
            }
            try project.commitAll("second")
            try project.git("checkout", "-q", "main")
        }
        expect(try await tree.lines { try tree.project.git("checkout", "-q", "other") }, builds: 1)
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    /// A branch that goes its own way in `count` commits of a file each, from the commit that is there.
    private static func branch(_ name: String, commits count: Int, of project: TemporaryProject) throws {
        try project.git("checkout", "-q", "-b", name)
        for commit in 0..<count {
            try project.write("data/\(name)-\(commit).txt", "\(name) \(commit)\n")
            try project.commitAll("\(name) \(commit)")
        }
        try project.git("checkout", "-q", "main")
    }

    @Test func `a rebase of six commits, a merge and a reset are one build each`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try Self.branch("topic", commits: 6, of: project)
            try Self.branch("other", commits: 2, of: project)
            try project.write("data/main.txt", "main\n")
            try project.commitAll("main")
            try project.git("checkout", "-q", "topic")
        }
        let project = tree.project
        expect(try await tree.lines { try project.git("rebase", "-q", "main") }, builds: 1)
        try tree.expectTagAsGitSays()
        expect(try await tree.lines { try project.git("merge", "-q", "--no-edit", "other") }, builds: 1)
        try tree.expectTagAsGitSays()
        expect(try await tree.lines { try project.git("reset", "-q", "--hard", "HEAD~3") }, builds: 1)
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("edited")
        try await tree.loop.end()
    }

    @Test func `a stash and its pop are one build each`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            for file in 0..<50 { try project.write("data/\(file).txt", "stashed") }
            try project.write("data/a.txt", "stashed")
            try project.git("add", "data")
        }
        let project = tree.project
        expect(try await tree.lines { try project.git("stash", "-q") }, builds: 1)
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("edited")
        expect(try await tree.lines { try project.git("stash", "pop", "-q") }, builds: 1)
        try tree.expectTagAsGitSays()
        try await tree.loop.end()
    }

    @Test func `a pull is one build, whether it goes straight ahead or merges`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.git("clone", "-q", "--bare", ".", "../remote")
            try project.git("remote", "add", "origin", "../remote")
            try project.git("clone", "-q", "../remote", "../colleague")
            try project.git("fetch", "-q")
            try project.git("branch", "-q", "-u", "origin/main")
        }
        let project = tree.project
        for isMerge in [false, true] {
            try project.run(
                "sh",
                "-ec",
                """
                cd ../colleague
                for i in 1 2 3; do echo \(isMerge) > data/theirs-$i; git add -A; git commit -q -m "theirs $i"; done
                git push -q
                """
            )
            if isMerge {
                let own = try await tree.lines {
                    try project.write("data/own.txt", "own\n")
                    try project.commitAll("own")
                }
                expect(own, builds: 1)
            }
            expect(try await tree.lines { try project.git("pull", "-q", "--no-rebase", "--no-edit") }, builds: 1)
            try tree.expectTagAsGitSays()
        }
        try await tree.loop.end()
    }

    // MARK: Nothing to build

    @Test func `what git does to itself alone builds nothing, and hides no edit`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.git("clone", "-q", "--bare", ".", "../remote")
            try project.git("remote", "add", "origin", "../remote")
        }
        let project = tree.project
        var count = 0
        try await expectNothing(tree, "status") { try project.git("status") }
        try await expectNothing(tree, "add") { try project.git("add", "-A") }
        try await expectNothing(tree, "fetch") { try project.git("fetch", "-q", "origin") }
        try await expectNothing(tree, "gc") { try project.git("gc", "-q", "--prune=now") }
        try await expectNothing(tree, "branch") {
            count += 1
            try project.git("branch", "x\(count)")
        }
        try await expectNothing(tree, "tag") {
            count += 1
            try project.git("tag", "t\(count)")
        }
        try await tree.loop.end()
    }

    @Test func `a commit builds nothing, and makes the tag clean`() async throws {
        let tree = try await WatchedTree()
        for number in 0..<3 {
            try await tree.expectEditIsBuilt("edit \(number)")
            try tree.expectTagAsGitSays()
            let lines = try await tree.lines { try tree.project.commitAll("commit \(number)") }
            #expect(lines.nodes("started").isEmpty, "\(lines.map(\.text))")
            try tree.expectTagAsGitSays()
        }
        try await tree.loop.end()
    }

    // MARK: Git that waits for somebody

    @Test func `edits are built while a commit's editor is open`() async throws {
        let tree = try await WatchedTree()
        let project = tree.project
        try project.write(
            "../editor",
            "touch ../is-open; until test -e ../go; do sleep 0.01; done; echo message > $1\n"
        )
        try await tree.expectEditIsBuilt("before")
        try tree.shell(
            """
            GIT_EDITOR='sh ../editor' setsid -f git commit -q -a > ../out 2>&1
            until test -e ../is-open; do sleep 0.01; done
            """
        )
        for edit in 0..<2 {
            let mark = tree.loop.mark
            try project.write("data/a.txt", "edit \(edit)")
            try await tree.loop.publication(of: "app", from: mark)
            expect(Array(tree.loop.lines.dropFirst(mark)), builds: 1)
            try tree.expectTree()
        }
        let lines = try await tree.lines {
            try tree.shell("touch ../go; until git log -1 --format=%s | grep -q message; do sleep 0.01; done")
        }
        #expect(lines.nodes("started").isEmpty, "\(lines.map(\.text))")
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("after")
        try await tree.loop.end()
    }

    @Test(arguments: ["--abort", "--continue"])
    func `a rebase that stopped is said and holds no edit, and its end is one build`(end: String) async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try Self.branch("topic", commits: 2, of: project)
            try project.git("checkout", "-q", "topic")
            try project.write("data/a.txt", "topic\n")
            try project.commitAll("conflict")
            for commit in 0..<6 {
                try project.write("data/later-\(commit).txt", "later")
                try project.commitAll("later \(commit)")
            }
            try project.git("checkout", "-q", "main")
            try project.write("data/a.txt", "main\n")
            try project.write("data/main.txt", "main\n")
            try project.commitAll("main")
            try project.git("checkout", "-q", "topic")
        }
        let project = tree.project
        let stopped = try await tree.lines {
            let status = try project.command(["git", "rebase", "-q", "main"]).status
            try #require(status == 1)
        }
        expect(stopped, builds: 1)
        #expect(stopped.contains { $0.event == "notice" && $0.reason.contains("a rebase stopped half-way") })
        try await tree.wait(forNote: "a rebase stopped half-way")
        try await tree.expectEditIsBuilt("meanwhile")
        try await tree.expectEditIsBuilt("and again")
        try await expectNothing(tree, "status") { try project.git("status") }
        if end == "--continue" {
            try await tree.lines { try project.write("data/a.txt", "resolved\n") }
            try await expectNothing(tree, "add") { try project.git("add", "-A") }
        }
        let ended = try await tree.lines {
            _ = try project.run("env", "GIT_EDITOR=true", "git", "rebase", end)
        }
        #expect(ended.nodes("started").count <= 1, "\(ended.map(\.text))")
        #expect(ended.nodes("pushed") + ended.nodes("reused") == ["app"], "\(ended.map(\.text))")
        #expect(try tree.notes().isEmpty)
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("after")
        try await tree.loop.end()
    }

    @Test func `a lock that was left behind holds no edit, and is named with the line that removes it`() async throws {
        let tree = try await WatchedTree()
        let project = tree.project
        var mark = tree.loop.mark
        try project.write(".git/index.lock", "")
        try project.write("data/a.txt", "edit")
        try await tree.loop.publication(of: "app", from: mark)
        expect(Array(tree.loop.lines.dropFirst(mark)), builds: 1)
        // So old that nobody needs to wait for it.
        try project.run("touch", "-d", "1 minute ago", ".git/index.lock")
        let line = "rm \(project.path(".git/index.lock"))"
        try await tree.wait(forNote: line)
        #expect(tree.loop.lines.contains { $0.event == "notice" && $0.reason.contains(line) })
        try await tree.expectEditIsBuilt("not held")
        mark = tree.loop.mark
        try project.remove(".git/index.lock")
        try await tree.rest()
        #expect(try tree.notes().isEmpty)
        #expect(Array(tree.loop.lines.dropFirst(mark)).nodes("started").isEmpty)
        try await tree.expectEditIsBuilt("after")
        try await tree.loop.end()
    }

    @Test func `a lock that was left behind before the start is named at once`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.run("touch", "-d", "1 minute ago", ".git/index.lock")
        }
        try await tree.wait(forNote: "rm \(tree.project.path(".git/index.lock"))")
        try await tree.expectEditIsBuilt("not held")
        try await tree.loop.end()
    }
}
