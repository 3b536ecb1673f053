import OCI
import Testing

@testable import Building

/// The rules are listed in research of BuildKit's sources and tests; a name says which.
@Suite struct CopyStepTests {
    /// A context with something of everything, and a base to copy onto.
    private static func workshop() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.file("f", "F")
        try workshop.file("x.sh", "X", mode: 0o750)
        try workshop.file("d/one", "1", mode: 0o600)
        try workshop.file("d/sub/two", "2")
        try workshop.folder("d/empty", mode: 0o711)
        try workshop.folder("d/sub", mode: 0o775)
        try workshop.folder("d", mode: 0o700)
        try workshop.link("d/inner", to: "one")
        try workshop.link("d/dangling", to: "nothing")
        try workshop.link("fl", to: "d/one")
        try workshop.link("dl", to: "d/sub")
        try workshop.link("out", to: "/etc/passwd")
        try workshop.link("up", to: "../../outside")
        try workshop.file("base/etc/passwd", "root:x:0:0::/:\napp:x:1234:2345::/:\n")
        try workshop.file("base/etc/group", "staff:x:50:\n")
        try workshop.link("base/link", to: "/real")
        try workshop.folder("base/real", mode: 0o750)
        try workshop.link("base/filelink", to: "real/file")
        try workshop.build("FROM scratch\nCOPY base /\n", as: "base")
        return workshop
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var copy: String
        var from = "scratch"
        var result: [String]
        var testDescription: String { copy }
        init(_ copy: String, from: String = "scratch", _ result: [String]) {
            (self.copy, self.from, self.result) = (copy, from, result)
        }
    }

    @Test(arguments: [
        Case("COPY f /x", ["644 0:0 x = F"]),
        Case(
            "COPY --parents d/sub/two /x",
            [
                "755 0:0 x/", "700 0:0 x/d/", "775 0:0 x/d/sub/", "644 0:0 x/d/sub/two = 2",
            ]
        ),
        Case(
            "COPY --parents ./d/./sub/two f /x/",
            [
                "755 0:0 x/", "644 0:0 x/f = F", "775 0:0 x/sub/", "644 0:0 x/sub/two = 2",
            ]
        ),
        Case("COPY --parents d/./sub /x", ["755 0:0 x/", "775 0:0 x/sub/", "644 0:0 x/sub/two = 2"]),
        Case(
            "COPY --parents --chown=5 --chmod=700 **/two /x",
            [
                "700 5:5 x/", "700 5:5 x/d/", "700 5:5 x/d/sub/", "700 5:5 x/d/sub/two = 2",
            ]
        ),
        Case(
            "COPY --parents --exclude=**/two d/* d/none* /x",
            [
                "755 0:0 x/", "700 0:0 x/d/", "777 0:0 x/d/dangling -> nothing", "711 0:0 x/d/empty/",
                "777 0:0 x/d/inner -> one", "600 0:0 x/d/one = 1", "775 0:0 x/d/sub/",
            ]
        ),
        Case("COPY f /x/", ["755 0:0 x/", "644 0:0 x/f = F"]),
        Case("COPY f /x/.", ["755 0:0 x/", "644 0:0 x/f = F"]),
        Case("COPY f .", ["644 0:0 f = F"]),
        Case("COPY f /", ["644 0:0 f = F"]),
        Case("COPY f /a/b/c", ["755 0:0 a/", "755 0:0 a/b/", "644 0:0 a/b/c = F"]),
        Case("COPY f x.sh /a/", ["755 0:0 a/", "644 0:0 a/f = F", "750 0:0 a/x.sh = X"]),
        Case("COPY ./f ../../f /y/", ["755 0:0 y/", "644 0:0 y/f = F"]),
        Case("COPY fl /x", ["600 0:0 x = 1"]),
        Case("COPY fl /x/", ["755 0:0 x/", "600 0:0 x/fl = 1"]),
        Case("COPY dl /x", ["755 0:0 x/", "644 0:0 x/two = 2"]),
        Case("COPY d/sub /new", ["755 0:0 new/", "644 0:0 new/two = 2"]),
        Case("COPY d/s* /new/", ["755 0:0 new/", "644 0:0 new/two = 2"]),
        Case("COPY d/s* /a/new", ["755 0:0 a/", "755 0:0 a/new/", "644 0:0 a/new/two = 2"]),
        Case("COPY ?.[a-s]h /y", ["750 0:0 y = X"]),
        Case("COPY nothing* /y", []),
        Case("COPY f /\u{301}a/\u{301}", ["755 0:0 \u{301}a/", "644 0:0 \u{301}a/\u{301} = F"]),
        Case("COPY nothing* f /y/", ["755 0:0 y/", "644 0:0 y/f = F"]),
        Case(
            "COPY d /n",
            [
                "755 0:0 n/", "777 0:0 n/dangling -> nothing", "711 0:0 n/empty/", "777 0:0 n/inner -> one",
                "600 0:0 n/one = 1", "775 0:0 n/sub/", "644 0:0 n/sub/two = 2",
            ]
        ),
        Case("COPY --chown=7:8 d/sub /p/q", ["755 7:8 p/", "755 7:8 p/q/", "644 7:8 p/q/two = 2"]),
        Case("COPY --chown=7 d/inner /p/", ["755 7:7 p/", "600 7:7 p/inner = 1"]),
        Case("COPY --chmod=700 f /p/q", ["700 0:0 p/", "700 0:0 p/q = F"]),
        Case("COPY --chmod=4751 f /p/q", ["751 0:0 p/", "4751 0:0 p/q = F"]),
        Case("COPY --chmod=u=rwX,go= d/sub /p/q", ["755 0:0 p/", "755 0:0 p/q/", "600 0:0 p/q/two = 2"]),
        Case(
            "COPY --chmod=640 --chown=3 --exclude=e* --exclude=*/two d /n",
            [
                "640 3:3 n/", "777 3:3 n/dangling -> nothing", "777 3:3 n/inner -> one", "640 3:3 n/one = 1",
                "640 3:3 n/sub/",
            ]
        ),
        Case(
            "COPY --exclude=* --exclude=!sub/two d /n",
            ["755 0:0 n/", "775 0:0 n/sub/", "644 0:0 n/sub/two = 2"]
        ),
        Case(
            "COPY <<one f <<two /x/\nA\none\nB $HOME\ntwo",
            ["755 0:0 x/", "644 0:0 x/f = F", "644 0:0 x/one = A\n", "644 0:0 x/two = B \n"]
        ),
        Case(
            "COPY --chmod=755 --chown=1:2 <<run /bin/r\n#!/bin/sh\nrun",
            ["755 1:2 bin/", "755 1:2 bin/r = #!/bin/sh\n"]
        ),
        Case("COPY f /x\nCOPY x.sh /x", ["750 0:0 x = X"]),
        Case("COPY d/sub /s\nCOPY f /s", ["755 0:0 s/", "644 0:0 s/f = F", "644 0:0 s/two = 2"]),
        Case(
            "WORKDIR /w/v\nCOPY f .\nCOPY f ../g",
            ["755 0:0 w/", "644 0:0 w/g = F", "755 0:0 w/v/", "644 0:0 w/v/f = F"]
        ),
        Case("USER 9:8\nWORKDIR /w/v\nCOPY f .", ["755 9:8 w/", "755 9:8 w/v/", "644 0:0 w/v/f = F"]),
        Case("ADD f d/sub /x/", ["755 0:0 x/", "644 0:0 x/f = F", "644 0:0 x/two = 2"]),
        Case("COPY --link f /x/y", ["755 0:0 x/", "644 0:0 x/y = F"]),
    ])
    func `what is copied where, onto nothing`(test: Case) throws {
        let workshop = try Self.workshop()
        #expect(try workshop.listing("FROM scratch\n\(test.copy)\n") == test.result)
    }

    private static let base = [
        "755 0:0 etc/", "644 0:0 etc/group = staff:x:50:\n",
        "644 0:0 etc/passwd = root:x:0:0::/:\napp:x:1234:2345::/:\n", "777 0:0 filelink -> real/file",
        "777 0:0 link -> /real", "750 0:0 real/",
    ]

    @Test(arguments: [
        Case("COPY f /link", ["644 0:0 real/f = F"]),
        Case("COPY f /link/x", ["644 0:0 real/x = F"]),
        Case("COPY f /link/a/b", ["755 0:0 real/a/", "644 0:0 real/a/b = F"]),
        Case("COPY f /filelink", ["644 0:0 real/file = F"]),
        Case("COPY d/sub /link", ["644 0:0 real/two = 2"]),
        Case("COPY --chown=app f /x", ["644 1234:2345 x = F"]),
        Case("COPY --chown=app:staff f /x/", ["755 1234:50 x/", "644 1234:50 x/f = F"]),
        Case("COPY --chown=unknown f /x", ["644 0:0 x = F"]),
        Case("WORKDIR /link/w", ["755 0:0 real/w/"]),
        Case("USER app\nWORKDIR /w", ["755 1234:2345 w/"]),
        Case("USER app:staff\nWORKDIR /real", []),
        Case("COPY --link --chown=app f /a/x", ["755 1234:2345 a/", "644 1234:2345 a/x = F"]),
    ])
    func `what is copied where, onto a base`(test: Case) throws {
        let workshop = try Self.workshop()
        let listing = try workshop.listing("FROM base\n\(test.copy)\n")
        #expect(listing.filter { !Self.base.contains($0) } == test.result)
        #expect(Set(Self.base).subtracting(listing).isEmpty)
    }

    @Test func `a link's layer knows nothing of what is below it`() throws {
        let workshop = try Self.workshop()
        let image = try workshop.build("FROM base\nCOPY --link f /link/x\nCOPY --link f /real/y\n")
        #expect(try workshop.members(image).suffix(2) == [["link/", "link/x"], ["real/", "real/y"]])
        let listing = try workshop.listing(image.rootFS)
        #expect(listing.contains("755 0:0 link/"))
        #expect(listing.contains("755 0:0 real/"))
    }

    @Test func `a stage gives its files with mode and owner, whatever the ignore file says`() throws {
        let workshop = try Self.workshop()
        workshop.ignored = ["a"]
        let listing = try workshop.listing(
            """
            FROM scratch AS build
            COPY --chown=5:6 --chmod=4711 f /a/f
            COPY --chown=7 d/sub/ /a/s/
            FROM scratch
            COPY --from=build /a /b
            COPY --from=0 /a/s/* /c
            """
        )
        #expect(
            listing == [
                "755 0:0 b/", "4711 5:6 b/f = F", "755 7:7 b/s/", "644 7:7 b/s/two = 2", "644 7:7 c = 2",
            ]
        )
    }

    @Test func `a project image gives its files`() throws {
        let workshop = try Self.workshop()
        let listing = try workshop.listing("FROM scratch\nCOPY --from=base --chown=1 /etc/passwd /link /p/\n")
        #expect(listing.first == "755 1:1 p/")
        #expect(listing.dropFirst().allSatisfy { $0.hasPrefix("644 1:1 p/passwd = root") })
    }

    @Test(arguments: [
        ("COPY nothing /x", "copy-source-missing", "COPY nothing: not found in the context"),
        ("COPY nofolder/* /x", "copy-source-missing", "COPY nofolder/*: not found in the context"),
        ("ADD nothing /x", "copy-source-missing", "ADD nothing: not found in the context"),
        ("COPY --from=base /nothing /x", "copy-source-missing", "COPY /nothing: not found in image base"),
        ("COPY hidden /x", "copy-source-ignored", "COPY hidden: left out by .dockerignore"),
        ("COPY out /x", "copy-source-outside", "COPY out: the link out leads out of the context"),
        ("COPY up /x", "copy-source-outside", "COPY up: the link up leads out of the context"),
        ("COPY d /f/", "copy-destination-conflict", "/f: a file is where a folder is needed"),
        ("COPY d /f", "copy-destination-conflict", "/f: d is a folder, and a file is in its place"),
        ("COPY f /f/x", "copy-destination-conflict", "/f: a file is where a folder is needed"),
        ("COPY one /t/", "copy-destination-conflict", "/t/one: a file would replace a folder"),
        ("COPY tree /t", "copy-destination-conflict", "/t/one: a file would replace a folder"),
        ("COPY tree2 /t2", "copy-destination-conflict", "/t2/one: a folder would replace what is no folder"),
    ])
    func `mistakes are named with their line`(copy: String, id: String, reason: String) throws {
        let workshop = try Self.workshop()
        try workshop.file("hidden")
        try workshop.file("one")
        try workshop.file("tree/one")
        try workshop.file("tree2/one/x")
        try workshop.folder("t/one")
        try workshop.link("t2/one", to: "/f")
        workshop.ignored = ["hidden"]
        let head = "FROM base\nCOPY f /f\nCOPY t /t\nCOPY t2 /t2\n"
        let problem = try #require(try workshop.problem(head + copy + "\n"))
        #expect((problem.id, problem.reason, problem.line) == (id, reason, 5))
        #expect(!problem.remedy.isEmpty)
    }

    @Test(arguments: [
        ("http://h/a/tool.bin?x=/y", "/x/", ["755 0:0 x/", "600 0:0 x/tool.bin = T"]),
        ("https://h", "/x/", ["755 0:0 x/", "600 0:0 x/__unnamed__ = T"]),
        ("https://h/t", "/x", ["600 0:0 x = T"]),
    ])
    func `what was fetched is put where BuildKit puts it`(address: String, to: String, result: [String]) throws {
        let workshop = try Self.workshop()
        let blob = try workshop.layout.writeBlob(Array("T".utf8), mediaType: "")
        let text = "ADD --checksum=\(blob.digest) \(address) \(to)"
        #expect(try workshop.listing("FROM scratch\n\(text)\n") == result)
        let other = text.replacing("\(blob.digest)", with: "\(Digest.sha256(of: []))")
        #expect(try workshop.problem("FROM scratch\n\(other)\n")?.id == "add-download-missing")
    }
}
