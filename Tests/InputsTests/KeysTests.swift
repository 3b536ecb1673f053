import Dockerfile
import Foundation
import Graph
import OCI
import Project
import Testing

@testable import Inputs

@Suite struct KeysTests {
    static let stat = FileStat(device: 1, inode: 2, size: 3, modified: 4, changed: 5, mode: 0o100644)

    static func file(_ path: String, _ content: String = "", mode: UInt32 = 0o100644) -> InputFile {
        var stat = stat
        stat.mode = mode
        return InputFile(path: path, stat: stat, kind: .file(ContentHash(content)))
    }

    static func link(_ path: String, to target: String) -> InputFile {
        InputFile(path: path, stat: stat, kind: .link(target: target))
    }

    static func folder(_ path: String, mode: UInt32 = 0o040755) -> InputFile {
        var stat = stat
        stat.mode = mode
        return InputFile(path: path, stat: stat, kind: .directory)
    }

    static let files = [folder("src"), file("src/a", "a"), link("src/b", to: "a")]

    /// Each is another content than ``files``, and than each other.
    static let otherFiles: [[InputFile]] = [
        [], [folder("src"), file("src/a", "a")],
        [folder("src"), file("src/a", "other"), link("src/b", to: "a")],
        [folder("src"), file("src/a", "a", mode: 0o100755), link("src/b", to: "a")],
        [folder("src"), file("src/a", "a"), link("src/b", to: "c")],
        [folder("src"), file("src/a", "a"), file("src/b", "a")],
        [folder("src"), file("src/c", "a"), link("src/b", to: "a")],
        [folder("src"), file("src/a", "a"), link("src/b", to: "a"), file("src/c", "")],
    ]

    // MARK: Steps

    static func step() -> Step {
        Step(
            id: NodeID("make"),
            command: .shell("make all"),
            inputs: [],
            outputs: [OutputPath(path: "out", isDirectory: true)],
            needs: [],
            environment: [KeyValue("A", "1"), KeyValue("B", "2")],
            directory: "src",
            place: Place(file: ".imgwatch", line: 3)
        )
    }

    static let stepChanges: [@Sendable (inout Step) -> Void] = [
        { _ in }, { $0.command = .shell("make some") }, { $0.command = .exec(["make all"]) },
        { $0.command = .exec(["make", "all"]) }, { $0.command = .exec(["make", "a", "ll"]) },
        { $0.environment = [] }, { $0.environment[0].value = "2" }, { $0.environment[0].key = "C" },
        { $0.environment.removeLast() }, { $0.directory = "" }, { $0.directory = "src/a" },
        { $0.outputs.append(OutputPath(path: "b", isDirectory: false)) }, { $0.outputs = [] },
    ]

    @Test func `each part of a step and of what it reads makes another key`() {
        var keys = Self.stepChanges.map { change in
            var step = Self.step()
            change(&step)
            return Keys.own(of: step, Reading(files: Self.files, countsFolders: false))
        }
        keys += Self.otherFiles.map { Keys.own(of: Self.step(), Reading(files: $0, countsFolders: false)) }
        #expect(Set(keys).count == keys.count)
    }

    @Test func `what does not decide what a step makes leaves its key as it is`() {
        let key = Keys.own(of: Self.step(), Reading(files: Self.files, countsFolders: false))
        var step = Self.step()
        step.id = NodeID("other")
        step.needs = [NodeID("gen")]
        step.timeout = .seconds(1)
        step.quiet = .seconds(1)
        step.onChange = .finish
        step.place = Place(file: ".imgwatch", line: 30)
        step.environment.reverse()
        step.outputs[0].isDirectory = false
        #expect(Keys.own(of: step, Reading(files: Self.files, countsFolders: false)) == key)
    }

    @Test func `folders are no content of a step, and are content of what it leaves`() {
        let without = Array(Self.files.dropFirst())
        let keys = [Self.files, without, Self.files + [Self.folder("src/empty")]].map {
            Keys.own(of: Self.step(), Reading(files: $0, countsFolders: false))
        }
        #expect(Set(keys).count == 1)
        #expect(Keys.outputs(Reading(files: Self.files)) != Keys.outputs(Reading(files: without)))
    }

    @Test func `each part of what a step leaves makes another hash`() {
        let all = Self.otherFiles + [Self.files, [Self.folder("src", mode: 0o040700)] + Self.files.dropFirst()]
        #expect(Set(all.map { Keys.outputs(Reading(files: $0)) }).count == all.count)
    }

    // MARK: Images

    static func image(_ dockerfile: String, _ lines: String...) throws -> Image {
        let tree = try TemporaryTree(["src/": "", "sub/src/": ""])
        try tree.write("Dockerfile.app", dockerfile + "\n")
        try tree.write("Dockerfile.base", "FROM scratch\n")
        let all =
            ["images:", "  app:", "    dockerfile: Dockerfile.app"] + lines.map { "    " + $0 }
            + ["  base:", "    dockerfile: Dockerfile.base", "  other:", "    dockerfile: Dockerfile.base"]
        return try #require(try tree.project(all.joined(separator: "\n") + "\n").image(NodeID("app")))
    }

    static func key(_ image: Image, files: [InputFile] = files, platform: String = "linux/amd64") -> String {
        var image = image
        image.variants[0].platform = platform
        return Keys.own(of: image, Reading(files: files))
    }

    /// What stands behind `FROM scratch`.
    static let instructions = [
        "COPY src /x", "COPY src /y", "COPY src /x/", "COPY src/ /x", "ADD src /x", "COPY --chown=1 src /x",
        "COPY --chmod=700 src /x", "COPY --exclude=a src /x", "COPY --link src /x", "COPY src /x\nENV a=b",
        "COPY src /x\nENV a=c", "ENV a=b\nCOPY src /x", "COPY src /x\nLABEL a=b", "COPY src /x\nCMD a",
        "COPY src /x\nCMD [\"a\"]", "COPY src /x\nENTRYPOINT a", "COPY src /x\nUSER a", "COPY src /x\nWORKDIR /a",
        "COPY src /x\nEXPOSE 1", "COPY src /x\nVOLUME /a", "COPY src /x\nSTOPSIGNAL 9",
        "COPY src /x\nHEALTHCHECK CMD a", "COPY src /x\nHEALTHCHECK --interval=5s CMD a", "COPY src /x\nARG a",
        "COPY src /x\nARG a=b", "COPY <<A /x\none\nA", "COPY <<A /x\ntwo\nA",
        "COPY src /x\nFROM scratch\nCOPY --from=0 /x /x",
    ]

    @Test func `each part of an image and of what it reads makes another key`() throws {
        var keys = try Self.instructions.map { Self.key(try Self.image("FROM scratch\n" + $0)) }
        for base in ["base", "other"] { keys.append(Self.key(try Self.image("FROM \(base)\nCOPY src /x"))) }
        let dockerfile = "FROM scratch\nCOPY src /x"
        let first = try Self.image(dockerfile)
        keys += Self.otherFiles.map { Self.key(first, files: $0) }
        keys.append(Self.key(first, files: [Self.folder("src", mode: 0o040700)] + Self.files.dropFirst()))
        keys.append(Self.key(first, platform: "linux/arm64"))
        let lines = [
            "labels: { a: b }", "labels: { a: c }", "context: sub", "compression: stored", "compression: none",
            "revision: true",
        ]
        for line in lines {
            keys.append(Self.key(try Self.image(dockerfile, line)))
        }
        #expect(Set(keys).count == keys.count)
    }

    @Test func `a commit decides only what shows it, and a base from elsewhere by its digest`() throws {
        var image = try Self.image("FROM alpine\nCOPY src /x")
        let key = { (image: Image, revision: String?) in
            Keys.own(of: image, Reading(files: Self.files), revision: revision)
        }
        #expect(key(image, "a") == key(image, nil))
        image.showsRevision = true
        var keys = ["a", "a-dirty", "b", nil].map { key(image, $0) }
        for digest in ["sha256:1", "sha256:2"] {
            image.externalBases = [BasePin(reference: "alpine", digest: digest)]
            keys.append(key(image, "a"))
        }
        image.externalBases = [BasePin(reference: "alpine:3", digest: "sha256:1")]
        keys.append(key(image, "a"))
        #expect(Set(keys).count == keys.count)
    }

    @Test(arguments: ["one", "two"]) func `an argument decides where the Dockerfile uses it`(value: String) throws {
        let line = "args: { VALUE: \(value) }"
        let used = "FROM scratch\nARG VALUE=one\nENV A=$VALUE"
        #expect((Self.key(try Self.image(used, line)) == Self.key(try Self.image(used))) == (value == "one"))
    }

    @Test(arguments: [
        "# a comment\nFROM scratch\n\n\nCOPY src /x\nENV a=b", "from scratch\ncopy src /x\nenv a=b",
        "FROM scratch\nCOPY \\\n  src \\\n  # here too\n  /x\nENV a=b",
        "ARG UNUSED=1\nFROM scratch\nCOPY src /x\nENV a=b", "FROM scratch AS named\nCOPY src /x\nENV a=b",
        "FROM scratch AS a\nCOPY src /x\nENV a=b\nFROM scratch\nCOPY other /x",
    ])
    func `how a Dockerfile is written is not in the key`(dockerfile: String) throws {
        let image = try Self.image(dockerfile, dockerfile.contains("other") ? "target: a" : "push: true")
        #expect(Self.key(image) == Self.key(try Self.image("FROM scratch\nCOPY src /x\nENV a=b")))
    }

    @Test func `what an image is called, and where it goes, is not in the key`() throws {
        let dockerfile = "FROM scratch\nCOPY src /x"
        let key = Self.key(try Self.image(dockerfile))
        var image = try Self.image(
            dockerfile,
            "aliases: [dev]",
            "needs: [base]",
            "ignore: [none]",
            "tag: stable",
            "tag-moves: true",
            "deploy: { run: x }"
        )
        #expect(Self.key(image) == key)
        image.id = NodeID("renamed")
        #expect(Self.key(image) == key)
    }

    @Test func `labels are in the key, and their order is not`() throws {
        let one = try Self.image("FROM scratch\nCOPY src /x", "labels: { a: b, c: d }")
        let other = try Self.image("FROM scratch\nCOPY src /x", "labels: { c: d, a: b }")
        #expect(one.labels != other.labels)
        #expect(Self.key(one) == Self.key(other))
    }

    @Test func `bases come in their order`() {
        let all = [
            Keys.combined("a", []), Keys.combined("a", ["b"]), Keys.combined("b", ["a"]),
            Keys.combined("a", ["b", "c"]),
            Keys.combined("a", ["c", "b"]), Keys.combined("a", ["bc"]), Keys.combined("ab", ["c"]), "a",
        ]
        #expect(Set(all).count == all.count)
    }

    // MARK: Files on disk

    /// What is done to the tree between two readings, and whether it is content.
    static let edits: [(name: String, isContent: Bool, edit: @Sendable (TemporaryTree) throws -> Void)] = [
        ("times", false, { try $0.setTime("src/a", 0) }),
        ("a new file beside", false, { try $0.write("unrelated", "x") }),
        ("an ignored file", false, { try $0.write("src/b.log", "x") }),
        ("the ignore file's comment", false, { try $0.write(".dockerignore", "**/*.log\n# why\n") }),
        (
            "made again in another order", false,
            {
                for name in ["src/a", "src/b"] { try $0.remove(name) }
                try $0.write("src/b", "b")
                try $0.write("src/a", "a")
            }
        ),
        ("a socket", false, { try #require(mkfifo($0.path("src/pipe"), 0o644) == 0) }),
        ("content", true, { try $0.write("src/a", "A") }), ("mode", true, { try $0.setMode("src/a", 0o600) }),
        ("name", true, { try $0.move("src/a", to: "src/c") }), ("a new file", true, { try $0.write("src/c", "") }),
        ("a new folder", true, { try $0.write("src/c/", "") }), ("a removed file", true, { try $0.remove("src/a") }),
    ]

    @Test(arguments: edits.map(\.name)) func `content decides, and nothing else does`(name: String) throws {
        let tree = try TemporaryTree(["src/a": "a", "src/b": "b", ".dockerignore": "**/*.log\n"])
        func key() throws -> String {
            let image = try tree.image("COPY src /x")
            return Self.key(image, files: try tree.read(tree.scope(of: image)).files)
        }
        let before = try key()
        let edit = try #require(Self.edits.first { $0.name == name })
        try edit.edit(tree)
        #expect(try (key() != before) == edit.isContent)
    }
}
