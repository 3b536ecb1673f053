import Dockerfile
import Foundation
import OCI
import Testing

@testable import Building

@Suite struct StageBuildTests {
    @Test(arguments: [
        ("FROM scratch\nRUN true", "run-unsupported", 2),
        ("FROM scratch\n\nADD https://example.com/x /", "add-remote-unsupported", 3),
        ("FROM scratch\nADD --unpack=false a /b", "copy-flag-unsupported", 2),
    ])
    func `what is not done exactly is not done`(dockerfile: String, id: String, line: Int) throws {
        let workshop = try Workshop()
        try workshop.file("a")
        let problem = try #require(try workshop.problem(dockerfile + "\n"))
        #expect((problem.id, problem.line) == (id, line))
        #expect(problem.reason.hasSuffix("is nothing that imgwatch itself does") && problem.isUnsupported)
    }

    @Test(arguments: [("FROM debian:12\n", 1), ("FROM scratch\nCOPY --from=debian:12 /a /b\n", 2)])
    func `an image from outside that was not fetched is an error`(dockerfile: String, line: Int) throws {
        let problem = try #require(try Workshop().problem(dockerfile))
        #expect((problem.id, problem.line) == ("base-missing", line))
    }

    @Test func `a base that is not there is an error`() throws {
        let workshop = try Workshop()
        let evaluation = try Dockerfile.parse("FROM base\n").evaluate(
            EvaluationOptions(projectImages: ["base": "base"])
        )
        let request = AssemblyRequest(evaluation: evaluation, context: BuildContext([]))
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        #expect(problem?.id == "base-missing")
    }

    @Test func `instructions that change nothing add an empty layer, as in BuildKit`() throws {
        let workshop = try Workshop()
        try workshop.file("a", "A")
        let image = try workshop.build("FROM scratch\nWORKDIR /w\nWORKDIR /w\nCOPY a .\nCOPY a .\nWORKDIR /\n")
        #expect(try workshop.members(image) == [["w/"], [], ["w/", "w/a"], []])
        #expect(image.configuration.history.map(\.isEmptyLayer) == [false, false, false, false, true])
        let empty = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
        #expect(image.layers.last?.diffID.description == empty)
    }

    @Test func `a working directory is not cleaned, and only the plain root adds no layer`() throws {
        let workshop = try Workshop()
        let image = try workshop.build("FROM scratch\nWORKDIR /a/../b//\nWORKDIR /.\nWORKDIR //\nWORKDIR /\n")
        #expect(try workshop.members(image) == [["b/"], [], []])
        #expect(image.configuration.history.map(\.isEmptyLayer) == [false, false, false, true])
        #expect(try workshop.build("FROM scratch\nWORKDIR /a/\n").configuration.execution.workingDirectory == "/a/")
    }

    @Test func `more layers than Docker mounts are refused`() throws {
        let workshop = try Workshop()
        let instructions = (1...128).map { "WORKDIR /w\($0)\n" }.joined()
        #expect(try workshop.problem("FROM scratch\n" + instructions)?.id == "layers-too-many")
    }

    // MARK: - Against buildah

    /// Dockerfiles for which buildah 1.28 and BuildKit agree.
    ///
    /// In buildah no `--chmod` reaches folders that nobody named, and the root of an archive changes the destination.
    static let dockerfiles = [
        "COPY f /x", "COPY f /x/", "COPY f x.sh /deep/er/", "COPY d /n", "COPY d/ /n/", "COPY d/sub /n\nCOPY f /n/sub/",
        "COPY . /all/", "COPY *.sh f? /w/", "COPY d/s* /w/", "COPY --chown=7:8 d/sub /n", "COPY --chown=app f /x",
        "COPY --chown=app:staff d/sub /x/y", "COPY --chmod=600 f /x", "WORKDIR /w/v\nCOPY f .", "WORKDIR /link/w",
        "ADD a.tar /", "ADD f d/sub /plain/", "COPY f /link/x", "COPY fl /x", "COPY dl /x",
        "COPY f /x\nCOPY x.sh /x", "COPY d/sub /real", "COPY d/sub/two /real", "WORKDIR real\nCOPY d .",
        "COPY --from=other / /copied/", "COPY --from=other /o/sub/two /bin/", "COPY --from=other /o/* /w/",
        "ENV P=/p\nCOPY f ${P}/q",
    ]

    @Test(.enabled(if: Buildah.isUsable, "buildah is not installed or cannot build here"), arguments: dockerfiles)
    func `the file system is the one that buildah makes`(instructions: String) throws {
        let workshop = try Workshop()
        try workshop.file("f", "F")
        try workshop.file("fl2", "2")
        try workshop.file("x.sh", "X", mode: 0o750)
        try workshop.file("d/one", "1", mode: 0o600)
        try workshop.file("d/sub/two", "2")
        try workshop.folder("d/empty", mode: 0o711)
        try workshop.folder("d/sub", mode: 0o775)
        try workshop.link("d/inner", to: "one")
        try workshop.link("d/dangling", to: "nothing")
        try workshop.link("fl", to: "d/one")
        try workshop.link("dl", to: "d/sub")
        try workshop.file("base/etc/passwd", "root:x:0:0::/:\napp:x:1234:2345::/:\n")
        try workshop.file("base/etc/group", "staff:x:50:\n")
        try workshop.link("base/link", to: "/real")
        try workshop.folder("base/real", mode: 0o750)
        try workshop.archive("a.tar", of: "d", "--owner=77", "--group=88", "--numeric-owner")
        let dockerfile = """
            FROM scratch AS other
            COPY --chown=3 d/sub/two /o/sub/
            COPY f /o/g
            FROM scratch
            COPY base /
            \(instructions)

            """
        let image = try workshop.build(dockerfile)
        let theirs = try Buildah.build(dockerfile, context: workshop.path + "/context", in: workshop.path)
        #expect(try workshop.listing(image.rootFS) == theirs, "\(theirs)")
    }
}

/// The other builder of the machine.
enum Buildah {
    static let isUsable: Bool = {
        guard let workshop = try? Workshop(), (try? workshop.file("f")) != nil else { return false }
        let listing = try? build("FROM scratch\nCOPY f /\n", context: workshop.path + "/context", in: workshop.path)
        return listing?.isEmpty == false
    }()

    /// The listing of the image that buildah builds.
    ///
    /// `base` is an image in a layout, `path:tag`, under the name `localhost/base`.
    static func build(
        _ dockerfile: String,
        context: String,
        in folder: String,
        base: String? = nil
    ) throws -> [String] {
        let file = folder + "/Dockerfile"
        try Data(dockerfile.utf8).write(to: URL(filePath: file))
        let store = ["--root", folder + "/store", "--runroot", folder + "/run", "--storage-driver", "vfs"]
        if let base {
            let target = "containers-storage:[vfs@\(folder)/store+\(folder)/run]localhost/base:1"
            try Program.run("skopeo", ["--insecure-policy", "copy", "-q", "oci:" + base, target])
        }
        let build = ["bud", "--isolation", "chroot", "--timestamp", "0", "-q", "-f", file, "-t", "theirs", context]
        try Program.run("buildah", store + build)
        try Program.run("buildah", store + ["push", "-q", "theirs", "oci:\(folder)/theirs:1"])
        return try listing(of: ImageLayout.open(at: folder + "/theirs"), in: folder)
    }

    private static func listing(of theirs: ImageLayout, in folder: String) throws -> [String] {
        guard let tag = try theirs.resolve("1") else { throw CocoaError(.fileNoSuchFile) }
        let image = try Assembler(layout: theirs, cache: .inMemory()).load(tag)
        return try Workshop().listing(image.rootFS, in: theirs)
    }
}
