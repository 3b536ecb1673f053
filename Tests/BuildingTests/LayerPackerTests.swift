import Foundation
import OCI
import Testing

@testable import Building

@Suite struct LayerPackerTests {
    private static let dockerfile = "FROM scratch\nCOPY . /app/\n"

    private static func entry(_ path: String, _ node: TreeNode, linked: String? = nil) -> LayerEntry {
        LayerEntry(path: TreePath(path), node: node, linked: linked.map(TreePath.init))
    }

    private static func file(_ text: String, mode: UInt16 = 0o644, user: Int = 0, group: Int = 0) -> TreeNode {
        let bytes = Array(text.utf8)
        let content = FileContent(size: bytes.count, digest: .sha256(of: bytes), source: .bytes(bytes))
        return TreeNode(.file(content), mode: mode, user: user, group: group)
    }

    @Test func `everything that reaches the layer is in its key`() {
        let layers: [[LayerEntry]] = [
            [], [Self.entry("a", Self.file("x"))], [Self.entry("b", Self.file("x"))], [Self.entry("a", Self.file("y"))],
            [Self.entry("a", Self.file("x", mode: 0o600))], [Self.entry("a", Self.file("x", user: 1))],
            [Self.entry("a", Self.file("x", group: 1))], [Self.entry("a", Self.file("x"), linked: "b")],
            [Self.entry("a", TreeNode(.directory, mode: 0o644))],
            [Self.entry("a", TreeNode(.symbolicLink(target: "x"), mode: 0o644))],
            [Self.entry("a", TreeNode(.symbolicLink(target: "y"), mode: 0o644))],
            [Self.entry("a", TreeNode(.special(.fifo), mode: 0o644))],
            [Self.entry("a", TreeNode(.special(.characterDevice(major: 1, minor: 2)), mode: 0o644))],
            [Self.entry("a", TreeNode(.special(.characterDevice(major: 1, minor: 3)), mode: 0o644))],
            [Self.entry("a", Self.file("x")), Self.entry("b", Self.file("x"))],
            [Self.entry("a", TreeNode(.directory, mode: 0o755)), Self.entry("a/b", Self.file("x"))],
        ]
        let keys = layers.flatMap { layer in LayerEncoding.allCases.map { LayerPacker.key(of: layer, $0) } }
        #expect(Set(keys).count == layers.count * LayerEncoding.allCases.count)
    }

    @Test func `a layer that is known is not read again, unless its blob is broken`() throws {
        let workshop = try Workshop()
        try workshop.file("a", "1")
        let request = try workshop.request(Self.dockerfile)
        let image = try workshop.assembler.assemble(request)
        let blob = workshop.layout.blobPath(try #require(image.layers.first).digest)
        try FileManager.default.removeItem(atPath: workshop.absolute("a"))
        #expect(try workshop.assembler.assemble(request).manifest == image.manifest)
        truncate(blob, 10)
        #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        try workshop.file("a", "1")
        #expect(try workshop.assembler.assemble(request).manifest == image.manifest)
    }

    @Test(arguments: ["2", "11", "", nil])
    func `content that is not the hashed content is never published`(now: String?) throws {
        let workshop = try Workshop()
        try workshop.file("a", "1")
        let request = try workshop.request(Self.dockerfile)
        try FileManager.default.removeItem(atPath: workshop.absolute("a"))
        if let now { try workshop.file("a", now) }
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        #expect(problem?.id == "input-changed")
        #expect(problem?.changedInput == workshop.absolute("a"))
        #expect(problem?.line == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/layout/blobs/sha256").isEmpty)
    }

    @Test func `a link or a folder in the place of a file is a change too`() throws {
        let workshop = try Workshop()
        try workshop.file("a", "1")
        try workshop.file("../b", "1")
        let request = try workshop.request(Self.dockerfile)
        try FileManager.default.removeItem(atPath: workshop.absolute("a"))
        try workshop.link("a", to: "../b")
        #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        try FileManager.default.removeItem(atPath: workshop.absolute("a"))
        try workshop.folder("a")
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        #expect(problem?.changedInput == workshop.absolute("a"))
    }

    @Test(.enabled(if: geteuid() != 0, "root reads everything"))
    func `a file that cannot be read is named`() throws {
        let workshop = try Workshop()
        try workshop.file("a", "1")
        let request = try workshop.request(Self.dockerfile)
        chmod(workshop.absolute("a"), 0)
        let problem = #expect(throws: BuildProblem.self) { try workshop.assembler.assemble(request) }
        #expect(problem?.id == "input-unreadable")
    }

    @Test func `a build in a cancelled task stops`() async throws {
        let workshop = try Workshop()
        try workshop.file("a", "1")
        let (request, assembler) = (try workshop.request(Self.dockerfile), workshop.assembler)
        let id = await withTaskGroup(of: String?.self) { group in
            group.cancelAll()
            group.addTask {
                do throws(BuildProblem) { _ = try assembler.assemble(request) } catch { return error.id }
                return nil
            }
            return await group.next() ?? nil
        }
        #expect(id == "cancelled")
    }
}
