import Foundation
import Testing

@testable import Inputs

@Suite struct TreeReaderTests {
    @Test func `all that the scope reads is found, a folder before what is in it`() throws {
        let tree = try TemporaryTree([
            "src/a/b": "", "src/a.c": "", "src/a-b": "", "src/B": "", "src/é": "", "src/empty/": "", "other": "",
        ])
        try tree.link("src/link", to: "nowhere")
        let image = try tree.image("COPY src /x")
        let found = try tree.paths(in: tree.scope(of: image))
        #expect(
            found == [
                "src", "src/B", "src/a", "src/a/b", "src/a-b", "src/a.c", "src/empty", "src/link", "src/é",
            ]
        )
    }

    @Test(arguments: 0..<40 as Range<UInt64>) func `nothing is missed and nothing is added`(seed: UInt64) throws {
        var random = RandomScope(seed: seed)
        let tree = try TemporaryTree()
        for _ in 0..<40 {
            let path = random.path()
            if FileStat(of: tree.path(path)) == nil { try? tree.write(path, "x") }
        }
        let all = FileManager.default.enumerator(atPath: tree.root)?.compactMap { $0 as? String } ?? []
        #expect(all.count > 10)
        for scope in try [random.stepScope(), random.imageScope()] {
            let found = try tree.paths(in: scope)
            #expect(Set(found) == Set(all.filter(scope.reads)), "\(random.text)")
            #expect(Set(found).count == found.count)
        }
    }

    @Test func `an ignored folder is found where something in it is given back`() throws {
        let tree = try TemporaryTree([
            ".dockerignore": "docs\nlib\n!docs/a/keep\n!lib/keep\n", "docs/a/keep": "", "docs/a/b/c": "", "docs/x": "",
            "lib/other": "", "Dockerfile.app": "",
        ])
        let scope = tree.scope(of: try tree.image("COPY . /x"))
        let found = try tree.paths(in: scope)
        #expect(found == [".dockerignore", ".imgwatch", "Dockerfile.app", "docs", "docs/a", "docs/a/keep"])
        #expect(scope.leadsBack("docs") && scope.leadsBack("lib") && !scope.leadsBack("docs/a/b"))
    }

    @Test func `folders that can't hold an input are not entered`() throws {
        // So deep that no other thread takes a share: it would stay nobody.
        let place = "a/b/c/d/e"
        let files = ["package.json", "node_modules/x/y", "src/a", ".git/config"].map { (place + "/" + $0, "") }
        let tree = try TemporaryTree(Dictionary(uniqueKeysWithValues: files))
        chmod(tree.home, 0o755)
        for closed in ["node_modules", ".git"] { try tree.setMode(place + "/" + closed, 0) }
        let image = try tree.image("COPY \(place)/package*.json \(place)/src /x/")
        let scope = tree.scope(of: image)
        let found = try Permissions.asNobody { try tree.paths(in: scope) }
        // The folder in which a pattern looks is an input itself.
        #expect(found == [place] + ["package.json", "src", "src/a"].map { place + "/" + $0 })
    }

    @Test func `a folder that may not be listed is an error`() throws {
        let tree = try TemporaryTree(["src/closed/a": "", "src/b": ""])
        chmod(tree.home, 0o755)
        try tree.setMode("src/closed", 0)
        let scope = InputScope(of: try tree.step("run: x", "inputs: src", "outputs: out"))
        #expect(throws: UnreadableInput("src/closed", EACCES)) {
            try Permissions.asNobody { _ = try tree.read(scope) }
        }
    }

    /// Such a folder looks empty to who takes what can't be seen for what is not there.
    @Test func `a folder that may be listed and not entered is an error`() throws {
        let tree = try TemporaryTree(["src/closed/a": "", "src/b": ""])
        chmod(tree.home, 0o755)
        try tree.setMode("src/closed", 0o744)
        let inputs = ["src", "src/closed/a"].map { "inputs: \($0)" }
        for line in inputs {
            let scope = InputScope(of: try tree.step("run: x", line, "outputs: out"))
            #expect(throws: UnreadableInput("src/closed/a", EACCES)) {
                try Permissions.asNobody { _ = try tree.read(scope) }
            }
        }
    }

    @Test func `a name that is no text is an error where it matters, and only there`() throws {
        let tree = try TemporaryTree(["src/a.c": "", "other/b": ""])
        for folder in ["src", "other"] {
            let name = Array((tree.path(folder) + "/x").utf8CString.dropLast()) + [-1, 0]
            let descriptor = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
            try #require(descriptor >= 0)
            close(descriptor)
        }
        let some = InputScope(of: try tree.step("run: x", "inputs: src/**/*.c", "outputs: out"))
        #expect(try tree.paths(in: some) == ["src/a.c"])
        let all = InputScope(of: try tree.step("run: x", "inputs: src", "outputs: out"))
        #expect(throws: UnreadableInput(path: "src/x\u{FFFD}", reason: "its name is no UTF-8")) {
            try tree.read(all)
        }
    }

    @Test func `what is no file, folder or link is no content`() throws {
        let tree = try TemporaryTree(["src/a": ""])
        try #require(mkfifo(tree.path("src/pipe"), 0o644) == 0)
        let image = try tree.image("COPY src /x")
        #expect(try tree.paths(in: tree.scope(of: image)) == ["src", "src/a"])
    }

    @Test func `links are found and not followed, not even where a root lies behind one`() throws {
        let tree = try TemporaryTree(["real/sub/a": ""])
        try tree.link("src/link", to: "../real")
        try tree.link("out", to: tree.home)
        let scope = InputScope(
            of: try tree.step("run: x", "inputs: [src/**, src/link/sub/**, out/root/**]", "outputs: made")
        )
        #expect(try tree.paths(in: scope) == ["src/link"])
    }

    @Test func `a tree that is deeper than a path may be long is walked, and what can't be read is named`() throws {
        let tree = try TemporaryTree(["deep/": ""])
        let name = String(repeating: "d", count: 200)
        var folder = open(tree.path("deep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<25 {
            try #require(mkdirat(folder, name, 0o755) == 0)
            let next = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(folder)
            folder = next
        }
        close(openat(folder, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
        close(folder)
        let scope = InputScope(of: try tree.step("run: x", "inputs: deep/**/file", "outputs: out"))
        let path = (["deep"] + Array(repeating: name, count: 25) + ["file"]).joined(separator: "/")
        #expect(throws: UnreadableInput(path, ENAMETOOLONG)) { try tree.reader.read(scope) }
    }
}
