import Foundation
import OCI
import Testing

@testable import Building

@Suite struct ImageFilesTests {
    private static func file(_ path: String, _ text: String = "") -> (TarEntry, String) {
        (TarEntry(path: path, kind: .file(size: 0), mode: 0o644), text)
    }
    private static func link(_ path: String, _ target: String) -> (TarEntry, String) {
        (TarEntry(path: path, kind: .hardLink(target: target), mode: 0o644), "")
    }
    private static func folder(_ path: String) -> (TarEntry, String) {
        (TarEntry(path: path, kind: .directory, mode: 0o755), "")
    }

    private func names(_ layers: [(TarEntry, String)]...) throws -> [String] {
        let workshop = try Workshop()
        let manifest = try workshop.outsideImage("base", layers.map { try workshop.outsideLayer($0) })
        return try workshop.assembler.files(of: manifest).files.map { path, file in
            path.text + (file.firstName.map { " = \($0.text)" } ?? "")
        }
    }

    @Test func `names of one file know the first of them, in whatever layer they are`() throws {
        #expect(
            try names(
                [
                    Self.file("b", "1"), Self.link("c", "b"), Self.file("d", "1"), Self.link("e", "d"),
                    Self.file("none"),
                ],
                [Self.link("a", "c"), Self.file("d", "1"), Self.file("other none")]
            ) == ["a = a", "b = a", "c = a", "d", "e", "none", "other none"]
        )
    }

    @Test func `what layers take away is gone`() throws {
        #expect(
            try names(
                [Self.folder("a"), Self.file("a/x"), Self.folder("b"), Self.file("b/x")],
                [Self.file("c"), Self.link("d", "c")],
                [(.whiteout("a"), ""), (.whiteout("d"), ""), Self.file("b/.wh..wh..opq"), Self.file("b/y")]
            ) == ["b", "b/y", "c"]
        )
    }

    @Test(.enabled(if: Program.path("tar") != nil, "tar is not installed"))
    func `attributes are those of the topmost layer that has the path`() throws {
        let workshop = try Workshop()
        try workshop.file("lower/a", "A")
        try workshop.file("lower/b", "B")
        try workshop.file("upper/b", "B")
        let type = MediaType.layer
        let attribute = "--pax-option=SCHILY.xattr.user.note:=some text"
        let layers = [
            try workshop.outsideLayer(of: "lower", "gzip", type: type, "--format=posix", attribute),
            try workshop.outsideLayer(of: "upper", "gzip", type: type),
        ]
        let files = try workshop.assembler.files(of: workshop.outsideImage("base", layers)).files
        #expect(files.map { $0.path.text } == ["a", "b"])
        #expect(files[0].file.attributes == ["user.note": Array("some text".utf8)] && files[1].file.attributes == [:])
    }

    @Test func `a layer that is not there is an error`() throws {
        let workshop = try Workshop()
        let layer = try workshop.outsideLayer([Self.file("a")])
        let manifest = try workshop.outsideImage("base", [layer])
        _ = try workshop.assembler.load(manifest, isExternal: true)
        try FileManager.default.removeItem(atPath: workshop.layout.blobPath(layer.descriptor.digest))
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.files(of: manifest) }
        #expect(problem?.missingLayer == layer.descriptor.digest)
    }
}
