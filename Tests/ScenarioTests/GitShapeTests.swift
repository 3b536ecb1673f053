import Foundation
import Testing

/// Repositories as people have them: each builds, and the tag says clean or dirty as git does, or why it can't.
@Suite(.serialized, .enabled(if: Programs.has("git"), "git is missing")) struct GitShapeTests {
    /// Edits, reverts, stages and commits; the tag follows.
    private func expectNames(_ tree: WatchedTree) async throws {
        try tree.expectTagAsGitSays()
        let clean = try tree.project.read("data/b.txt")
        try await tree.expectEditIsBuilt("edited\n")
        try tree.expectTagAsGitSays()
        try await tree.lines { try tree.project.write("data/b.txt", clean) }
        try tree.expectTagAsGitSays()
        try await tree.expectEditIsBuilt("committed\n")
        let lines = try await tree.lines {
            try tree.project.git("add", "data")
            try tree.project.git("commit", "-q", "-m", "next")
        }
        #expect(lines.nodes("started").isEmpty, "\(lines.map(\.text))")
        try tree.expectTagAsGitSays()
        #expect(tree.loop.lines.allSatisfy { $0.event != "notice" }, "\(tree.loop.lines.map(\.reason))")
        try await tree.loop.end()
    }

    /// Each makes the repository of the project from one that is `../origin`, a clone of it with two commits.
    private static let shapes = [
        "linked work tree": "git -C ../origin worktree add -q -f ../project -b linked",
        "sparse checkout": "git clone -q ../origin . && git sparse-checkout set --no-cone '/*' '!/left/'",
        "sparse index": "git clone -q ../origin . && git sparse-checkout set --cone --sparse-index data",
        "split index": "git clone -q ../origin . && git update-index --split-index",
        "shallow clone": "git clone -q --depth=2 file://$PWD/../origin .",
        "clone without blobs": "git clone -q --filter=blob:none file://$PWD/../origin .",
        "submodule": """
        git clone -q ../origin ../above
        git -C ../above -c protocol.file.allow=always submodule --quiet add $PWD/../origin inner
        git -C ../above commit -q -m inner && rmdir ../project && ln -s above/inner ../project
        """,
        "line endings": """
        git clone -q ../origin . && echo '* text=auto eol=crlf' > .gitattributes && git add -A
        git commit -q -m endings && rm data/* && git checkout -q -- data
        """,
        "filter without its program": """
        git clone -q ../origin . && echo '*.bin filter=lfs' > data/.gitattributes
        git config filter.lfs.clean 'git-no-such-lfs clean' && git config filter.lfs.required false
        echo pointer > data/x.bin && git add -A 2>&1 && git commit -q -m filter
        """,
    ]

    @Test(arguments: shapes.keys.sorted())
    func `a repository of this shape is named as git names it`(shape: String) async throws {
        let tree = try await WatchedTree { project in
            try project.write("left/c.txt", "left")
            try project.commitAll("first")
            try project.write("data/b.txt", "b, the second\n")
            try project.commitAll("second")
            try project.git("config", "uploadpack.allowFilter", "true")
            try FileManager.default.moveItem(atPath: project.root.path(), toPath: project.path("../origin"))
            try FileManager.default.createDirectory(atPath: project.root.path(), withIntermediateDirectories: false)
            try project.run("sh", "-ec", try #require(Self.shapes[shape]))
        }
        try await expectNames(tree)
    }

    @Test func `where history ends too early for a name, it is said what gets the rest`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.write("other.txt", "other")
            try project.commitAll("second")
            try project.run("sh", "-ec", "git clone -q --depth=1 file://$PWD ../clone; rm -rf .git; mv ../clone/.git .")
        }
        try await tree.expectEditIsBuilt("edited")
        let notices = tree.loop.lines.filter { $0.event == "notice" }.map(\.reason)
        #expect(notices.count == 1 && notices[0].contains("git fetch --unshallow"), "\(notices)")
        #expect(tree.loop.lines.filter { $0.event == "pushed" }.allSatisfy { $0.tag.hasPrefix("key-") })
        try await tree.expectEditIsBuilt("committed")
        try await tree.lines { try tree.project.commitAll("third") }
        try tree.expectTagAsGitSays()
        try await tree.loop.end()
    }

    @Test(arguments: ["filter=lfs", "filter=upper", "working-tree-encoding=UTF-16"])
    func `what git converts is clean when git says so`(attribute: String) async throws {
        let encoding: String.Encoding = attribute.hasSuffix("16") ? .utf16 : .utf8
        let tree = try await WatchedTree([".gitattributes": "data/big \(attribute)\n"]) {
            project in
            try project.write("data/big", "one\n", as: encoding)
            try project.run("git", "init", "-q", "-b", "main")
            // What is stored is a pointer; the content is found by it.
            let clean = "mkdir -p ../store; cat > ../store/new; sum=$(sha256sum < ../store/new); mv ../store/new"
            try project.git("config", "filter.lfs.clean", "\(clean) \"../store/$sum\"; echo \"$sum\"")
            try project.git("config", "filter.lfs.smudge", "read -r sum; cat \"../store/$sum\"")
            try project.git("config", "filter.upper.clean", "tr A-Z a-z")
            try project.git("config", "filter.upper.smudge", "tr a-z A-Z")
            try project.commitAll("first")
        }
        let project = tree.project
        try tree.expectTagAsGitSays()
        try await tree.lines { try project.write("data/big", "edited\n", as: encoding) }
        try tree.expectTagAsGitSays()
        try await tree.lines {
            try project.git("checkout", "-q", "-b", "other")
            try project.git("commit", "-q", "-am", "second")
        }
        try tree.expectTagAsGitSays()
        for branch in ["main", "other"] {
            try await tree.lines { try project.git("checkout", "-q", branch) }
            try tree.expectTagAsGitSays()
        }
        try await tree.loop.end()
    }

    @Test func `a submodule's files are an image's as any others`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.git("clone", "-q", ".", "../origin")
            try project.git(
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                project.path("../origin"),
                "data/inner"
            )
            try project.git("commit", "-q", "-m", "inner")
            try project.run("rm", "-f", "data/inner/.git")
            try project.run("sh", "-ec", "echo 'gitdir: ../../.git/modules/data/inner' > data/inner/.git")
        }
        #expect(tree.loop.lines.last { $0.event == "pushed" }?.tag.contains("-dirty-") == false)
        try tree.expectTagAsGitSays()
        let lines = try await tree.lines { try tree.project.write("data/inner/data/a.txt", "inside") }
        #expect(lines.nodes("started") == ["app"], "\(lines.map(\.text))")
        try tree.expectTagAsGitSays()
        let back = try await tree.lines { try tree.project.git("-C", "data/inner", "checkout", "-q", "--", "data") }
        #expect(back.nodes("started").isEmpty && back.nodes("reused") == ["app"], "\(back.map(\.text))")
        try await tree.loop.end()
    }

    @Test(.enabled(if: getuid() == 0, "only root can give files away"))
    func `a repository of somebody else is told with the line that trusts it`() async throws {
        let tree = try await WatchedTree { project in
            try project.commitAll("first")
            try project.run("chown", "-R", "65534:65534", project.root.path())
        }
        try await tree.expectEditIsBuilt("edited")
        let pushed = try #require(tree.loop.lines.last { $0.event == "pushed" })
        let notices = tree.loop.lines.filter { $0.event == "notice" }.map(\.reason)
        #expect(pushed.tag.hasPrefix("key-") && notices.count == 1, "\(notices)")
        #expect(notices.first?.contains("safe.directory") == true, "\(notices)")
        try await tree.loop.end()
        try tree.project.git("config", "--global", "--add", "safe.directory", tree.project.root.path())
        try tree.project.write("data/b.txt", "trusted")
        let trusted = try tree.project.imgwatch("build", "--json")
        let shown = try #require(trusted.events.last { !$0.ref.isEmpty }, "\(trusted.output)")
        #expect(shown.tag.hasPrefix("git-") && shown.tag.contains("-dirty-"), "\(shown.tag)")
    }
}
