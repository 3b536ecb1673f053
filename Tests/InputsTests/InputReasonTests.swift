import Dockerfile
import Project
import Testing

@testable import Inputs

@Suite struct InputReasonTests {
    // MARK: Steps

    @Test(arguments: [
        ("src/a.c", ["src/**/*.c:14"], nil), ("src/a.h", ["src/*.h:26"], nil), ("b.c", [], nil),
        ("src/gen/x.c", ["src/**/*.c:14"], "src/gen"), ("src/.git/x.c", ["src/**/*.c:14"], ".git"),
    ])
    func `a step is told which patterns name a path, and what keeps it out`(
        path: String,
        names: [String],
        exclusion: String?
    ) throws {
        let tree = try TemporaryTree(["src/": ""])
        let step = try tree.step("run: make", "inputs: [src/**/*.c, src/*.h]", "outputs: [src/gen/]")
        let reason = InputScope(of: step).reason(for: path)
        let texts = reason?.names.map { name in
            if case .input(let pattern) = name { "\(pattern.text):\(pattern.place.column ?? 0)" } else { "" }
        }
        #expect(texts ?? [] == names)
        #expect(reason?.exclusion.map(Self.text) == exclusion)
    }

    // MARK: Images

    @Test(arguments: [
        ("src/a.c", [2, 3], nil, nil), ("src", [2, 3], nil, nil), ("other", [], nil, nil),
        ("src/a.log", [3], "3:**/*.log", nil), ("src/keep.log", [3], nil, "4:!src/keep.log"),
        ("docs/a.md", [4], "2:docs", nil), ("src/.git/HEAD", [3], ".git", nil), ("src/x.tmp", [3], "6:**/*.tmp", nil),
    ])
    func `an image is told its instructions, and the line of the ignore file that decides`(
        path: String,
        lines: [Int],
        exclusion: String?,
        exception: String?
    ) throws {
        let tree = try TemporaryTree([
            ".dockerignore": "# comment\ndocs\n**/*.log\n!src/keep.log\n", "src/": "", "docs/": "", "src/a.c": "",
        ])
        let image = try tree.image("COPY src/*.c /x/\nCOPY src /y/\nCOPY docs /z/", "ignore: ['**/*.tmp']")
        let reason = InputScope(of: image).reason(for: path)
        #expect(
            reason?.names.compactMap { if case .source(let source) = $0 { source.line } else { nil } } ?? [] == lines
        )
        #expect(reason?.exclusion.map(Self.text) == exclusion)
        #expect(reason?.exception.map { "\($0.line):\($0.text)" } == exception)
    }

    @Test(arguments: [
        ("docs", nil, "!docs/README.md"), ("docs/deep", "docs", nil), ("src", nil, nil), ("", nil, nil),
    ])
    func `of a folder it is told what is below it`(folder: String, exclusion: String?, exception: String?) throws {
        let scope = InputScope(of: try Image(copying: ["."], ignoring: ["docs", "!docs/README.md"]))
        let reason = try #require(scope.reason(below: folder))
        #expect(reason.exclusion.map(Self.text)?.split(separator: ":").last.map(String.init) == exclusion)
        #expect(reason.exception?.text == exception)
    }

    @Test func `what lies outside the context is named by nothing`() throws {
        let scope = InputScope(of: try Image(copying: ["."], from: "web"))
        #expect(scope.reason(for: "src/a") == nil && !scope.canName("src/a"))
        #expect(scope.reason(below: "src") == nil && scope.canName("web/a"))
    }

    // MARK: Links

    @Test func `what is read behind links is named by the links`() throws {
        let tree = try TemporaryTree(["real/a.c": "a"])
        try tree.link("current", to: "real")
        let image = try tree.image("COPY current /x")
        let step = try tree.step("run: make", "inputs: [current/*.c]")
        for scope in [
            InputScope(of: image, linked: LinkedSources(of: image, in: tree.root)),
            InputScope(of: step, linked: LinkedSources(of: step, in: tree.root)),
        ] {
            #expect(scope.reason(for: "real/a.c")?.names == [.links(["current"])])
            #expect(scope.reason(for: "real/a.c")?.exclusion == nil)
        }
    }

    // MARK: All scopes

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `what is told is what is done`(seed: UInt64) throws {
        var random = RandomScope(seed: seed)
        for scope in try [random.stepScope(), random.imageScope()] {
            for path in RandomScope.universe {
                let (reason, below) = (scope.reason(for: path), scope.reason(below: path))
                let isTold = reason.map { $0.exclusion == nil } ?? false
                #expect(isTold == scope.reads(path), "\(random.text): \(path), \(String(describing: reason))")
                #expect(reason?.names.isEmpty != true && below?.names.isEmpty != true)
                let isToldBelow = below.map { $0.exclusion == nil } ?? false
                #expect(isToldBelow == scope.mayRead(below: path), "\(random.text): below \(path)")
                if reason?.exception != nil { #expect(isTold, "\(random.text): \(path) is not taken back") }
            }
        }
    }

    private static func text(of exclusion: InputReason.Exclusion) -> String {
        switch exclusion {
        case .output(let output): output.path
        case .ignored(let rule): "\(rule.line):\(rule.text)"
        case .git: ".git"
        }
    }
}
