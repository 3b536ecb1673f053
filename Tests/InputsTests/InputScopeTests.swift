import Foundation
import Project
import Testing

@testable import Inputs

@Suite struct InputScopeTests {
    // MARK: Steps

    @Test(arguments: [
        ("src/a.c", true), ("src/deep/b.c", true), ("src/a.h", false), ("src", false), ("Makefile", true),
        ("src/gen/x.c", false), ("src/gen", false), ("src/generated.c", true), ("out.c", false),
        ("src/.git/x.c", false),
    ])
    func `a step reads what its patterns name, less its own outputs`(path: String, isRead: Bool) throws {
        let tree = try TemporaryTree(["Makefile": "", "src/": ""])
        let step = try tree.step("run: make", "inputs: [src/**/*.c, Makefile]", "outputs: [src/gen/, out.c]")
        #expect(InputScope(of: step).reads(path) == isRead)
    }

    @Test func `a step's own outputs are not entered`() throws {
        let tree = try TemporaryTree(["src/": ""])
        let scope = InputScope(of: try tree.step("run: make", "inputs: src", "outputs: src/gen/"))
        #expect(scope.mayRead(below: "") && scope.mayRead(below: "src") && scope.mayRead(below: "src/deep"))
        #expect(!scope.mayRead(below: "src/gen") && !scope.mayRead(below: "src/gen/deep"))
        #expect(!scope.mayRead(below: "other"))
    }

    // MARK: Images

    @Test(arguments: [
        ("COPY . /x", "any/file", true), ("COPY . /x", ".git", false), ("COPY . /x", "sub/.git/config", false),
        ("COPY . /x", ".gitignore", true), ("COPY .git /x", ".git/HEAD", true), ("COPY sub/.git /x", ".git", false),
        ("COPY .git/HEAD /x", ".git/HEAD", true), ("COPY .git/HEAD /x", ".git/config", false),
        ("COPY .git* /x/", ".git/HEAD", false), ("COPY .git* /x/", ".gitignore", true),
        ("COPY src /x", "src", true), ("COPY src /x", "src/a/b", true), ("COPY src /x", "srcs", false),
        ("COPY src/ /x", "src/a", true), ("COPY ./src /x", "src/a", true), ("COPY /src /x", "src/a", true),
        ("COPY ../src /x", "src/a", true), ("COPY a/../src /x", "src/a", true),
        ("COPY *.txt /x/", "a.txt", true), ("COPY *.txt /x/", "a.txt/in/folder", true),
        ("COPY *.txt /x/", "sub/a.txt", false), ("COPY a?c /x/", "abc", true), ("COPY a?c /x/", "a/c", false),
        ("COPY */conf /x/", "a/conf", true), ("COPY */conf /x/", "a/conf/deep", true),
        ("COPY */conf /x/", "a/b/conf", false), ("COPY */conf /x/", "a", false),
        ("COPY [ab].c /x/", "b.c", true), ("COPY [ab].c /x/", "c.c", false), ("COPY a[[]b /x/", "a[b", true),
        ("ADD src /x", "src/a", true), ("COPY a /a\nFROM scratch\nCOPY --from=0 src /x", "src/a", false),
    ])
    func `an image reads the sources of COPY and ADD`(dockerfile: String, path: String, isRead: Bool) throws {
        let tree = try TemporaryTree(["src/": "", "sub/.git/": "", ".git/HEAD": ""])
        let image = try tree.image(dockerfile)
        let scope = InputScope(of: image)
        #expect(scope.reads(path) == isRead)
        if isRead { #expect(Self.ancestors(of: path).allSatisfy(scope.mayRead)) }
    }

    @Test(arguments: [
        ("docs", false), ("docs/a.md", false), ("docs/README.md", true), ("docs/deep/README.md", false),
        ("src/a.log", false), ("src/keep.log", true), ("src/deep/keep.log", false), ("src/a.c", true),
        ("node_modules/x/y", false), (".dockerignore", true),
    ])
    func `the ignore file takes away, and gives back`(path: String, isRead: Bool) throws {
        let tree = try TemporaryTree([
            ".dockerignore": "# comment\ndocs\n!docs/README.md\n**/*.log\n!src/keep.log\nnode_modules\n"
        ])
        let scope = InputScope(of: try tree.image("COPY . /x"))
        #expect(scope.reads(path) == isRead)
        if isRead { #expect(Self.ancestors(of: path).allSatisfy(scope.mayRead)) }
    }

    @Test func `an excluded folder is entered only for what an exception gives back`() throws {
        let tree = try TemporaryTree([".dockerignore": "docs\nnode_modules\n!docs/README.md\n"])
        let scope = InputScope(of: try tree.image("COPY . /x"))
        #expect(scope.mayRead(below: "docs"))
        #expect(!scope.mayRead(below: "node_modules"))
        #expect(!scope.mayRead(below: "docs/deep"))
    }

    @Test func `the configuration's own patterns come after those of the ignore file`() throws {
        let tree = try TemporaryTree([".dockerignore": "a\n"])
        let scope = InputScope(of: try tree.image("COPY . /x", "ignore: [b, '!a']"))
        #expect(scope.reads("a") && !scope.reads("b") && scope.reads("c"))
    }

    @Test(arguments: [
        ("web/app/src/a", true), ("web/app/src", true), ("src/a", false), ("web/src/a", false), ("web/app", false),
        ("web/app/src/skipped", false), ("web/application/src/a", false), ("web/app/lib.js", true),
    ])
    func `sources and ignore file are relative to the context`(path: String, isRead: Bool) throws {
        let tree = try TemporaryTree(["web/app/.dockerignore": "src/skipped\n", "web/app/src/": ""])
        let scope = InputScope(of: try tree.image("COPY src *.js /x/", "context: web/app"))
        #expect(scope.reads(path) == isRead)
        for folder in ["", "web", "web/app", "web/app/src"] { #expect(scope.mayRead(below: folder)) }
        for folder in ["src", "web/src", "web/app/lib", "web/application"] { #expect(!scope.mayRead(below: folder)) }
    }

    @Test func `an image without context sources reads nothing`() throws {
        let tree = try TemporaryTree(["a": ""])
        let scope = InputScope(of: try tree.image("ENV a=b"))
        #expect(!scope.reads("a"))
        #expect(try tree.paths(in: scope) == [])
    }

    @Test func `a wildcard enters only folders that it can match in`() throws {
        let scope = InputScope(of: try Image(copying: ["*.json", "src/*/conf"]))
        for folder in ["", "src", "src/a", "src/a/conf", "src/a/conf/deep", "a.json"] {
            #expect(scope.mayRead(below: folder), "\(folder)")
        }
        for folder in ["node_modules", "src/a/other", "src/a/b/conf", "lib"] {
            #expect(!scope.mayRead(below: folder), "\(folder)")
        }
    }

    // MARK: Outputs

    @Test func `an output is read with all that is below it`() {
        let scope = InputScope(outputs: [
            OutputPath(path: "dist", isDirectory: true), OutputPath(path: "bin/server", isDirectory: false),
        ])
        for path in ["dist", "dist/a/b", "bin/server", "bin/server/odd"] { #expect(scope.reads(path)) }
        for path in ["distant", "bin", "bin/other"] { #expect(!scope.reads(path)) }
        for folder in ["", "bin", "dist", "dist/a"] { #expect(scope.mayRead(below: folder)) }
        for folder in ["src", "binary"] { #expect(!scope.mayRead(below: folder)) }
    }

    // MARK: All scopes

    @Test func `no root lies in another, and each is on the way to itself`() throws {
        let scope = InputScope(of: try Image(copying: ["a/b", "a", "ab", "c/d"], from: "ctx"))
        #expect(scope.roots == ["ctx/a", "ctx/ab", "ctx/c/d"])
        #expect(scope.isOnTheWay("ctx") && scope.isOnTheWay("ctx/c"))
        #expect(!scope.isOnTheWay("ctx/a") && !scope.isOnTheWay("c") && !scope.isOnTheWay("ct"))
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `a folder that may hold something to read is never passed by`(seed: UInt64) throws {
        var random = RandomScope(seed: seed)
        for scope in try [random.stepScope(), random.imageScope()] {
            var entered = ["": scope.mayRead(below: "")]
            for path in RandomScope.universe where scope.reads(path) {
                for folder in Self.ancestors(of: path) {
                    let isEntered = entered[folder] ?? scope.mayRead(below: folder)
                    entered[folder] = isEntered
                    #expect(isEntered, "\(random.text): \(folder) is passed by, and \(path) is read")
                }
                let isReached = scope.roots.contains { InputScope.isBelow(path, $0) || path == $0 }
                #expect(isReached, "\(random.text): no root leads to \(path)")
            }
        }
    }

    /// The folders above a path, and the root.
    static func ancestors(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) } + [""]
    }
}
