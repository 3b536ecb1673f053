import Foundation
import Project
import Testing

@testable import Inputs

@Suite struct ReadingCodingTests {
    private func opened() throws -> (TemporaryTree, InputScope, InputReader) {
        let tree = try TemporaryTree(["src/a": "a", "src/sub/b": "b", "src/sub/deep/c": "c", "src/empty/": ""])
        try tree.link("src/link", to: "a")
        try tree.settle("src/a", "src/sub/b", "src/sub/deep/c", "src", "src/sub", "src/sub/deep", "src/empty")
        let reader = InputReader(root: tree.root, index: HashIndex(), tellsByTimes: true)
        return (tree, try InputScope(of: Image(copying: ["src"])), reader)
    }

    private func decoded(_ bytes: [UInt8], of scope: InputScope) -> (reading: Reading, isOfScope: Bool)? {
        bytes.withUnsafeBytes { Reading.decoded($0, of: scope) }
    }

    @Test func `a reading comes back as it was, and nothing of it is made anew`() throws {
        let (tree, scope, reader) = try opened()
        defer { withExtendedLifetime(tree) {} }
        let reading = try #require(try reader.read(scope))
        #expect(reading.count == 8)
        let back = try #require(decoded(reading.encoded(of: scope, reader.index), of: scope))
        #expect(back.isOfScope)
        #expect(back.reading.files == reading.files)
        #expect(back.reading.top.digest == reading.top.digest && back.reading.top.gitTree == reading.top.gitTree)
        let again = try InputReader(root: reader.root, index: HashIndex(), tellsByTimes: true)
            .read(scope, knowing: back.reading)
        #expect(again?.isSame(as: back.reading) == true)
    }

    @Test func `it says of which scope it is`() throws {
        let (tree, scope, reader) = try opened()
        defer { withExtendedLifetime(tree) {} }
        let reading = try #require(try reader.read(scope))
        #expect(reading.count == 8)
        let other = try InputScope(of: Image(copying: ["src/sub"]))
        let back = try #require(decoded(reading.encoded(of: scope, reader.index), of: other))
        #expect(!back.isOfScope)
        let narrow = try reader.read(other, knowing: back.reading, ofScope: false)
        #expect(narrow?.files.map(\.path) == ["src/sub", "src/sub/b", "src/sub/deep", "src/sub/deep/c"])
    }

    @Test func `bytes that are cut short, damaged, or something else, are no reading`() throws {
        let (tree, scope, reader) = try opened()
        defer { withExtendedLifetime(tree) {} }
        let bytes = try #require(try reader.read(scope)).encoded(of: scope, reader.index)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(decoded(Array(bytes.prefix(count)), of: scope) == nil)
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            #expect(decoded(damaged, of: scope) == nil)
        }
        #expect(decoded(bytes + [0], of: scope) == nil)
        #expect(decoded(Array("something else".utf8), of: scope) == nil)
    }

    /// Each is done to a tree of which a reading is known from before.
    static let changes: [(name: String, change: @Sendable (TemporaryTree) throws -> Void)] = [
        ("nothing", { _ in }), ("content", { try $0.write("src/sub/b", "other") }),
        ("a file comes deep down", { try $0.write("src/sub/deep/new", "x") }),
        ("a file comes into an empty folder", { try $0.write("src/empty/new", "x") }),
        ("a file goes", { try $0.remove("src/sub/deep/c") }), ("a folder goes", { try $0.remove("src/sub/deep") }),
        ("a folder comes", { try $0.write("src/sub/new/", "") }), ("a mode", { try $0.setMode("src/sub", 0o700) }),
        ("a file moves", { try $0.move("src/sub/b", to: "src/sub/deep/b") }),
        ("a folder moves", { try $0.move("src/sub/deep", to: "src/deep") }),
        (
            "a folder takes the place of another",
            {
                try $0.write("new/c", "other")
                try $0.remove("src/sub/deep")
                try $0.move("new", to: "src/sub/deep")
            }
        ),
    ]

    @Test(arguments: changes.map(\.name)) func `what changed since is found`(name: String) throws {
        let (tree, scope, reader) = try opened()
        let bytes = try #require(try reader.read(scope)).encoded(of: scope, reader.index)
        let known = try #require(decoded(bytes, of: scope)).reading
        try #require(try Self.changes.first { $0.name == name }?.change(tree) != nil)
        let later = InputReader(root: tree.root, index: HashIndex(), tellsByTimes: true)
        let (found, fresh) = (try later.read(scope, knowing: known), try tree.reader.read(scope))
        #expect(found?.files.map(\.path) == fresh?.files.map(\.path))
        #expect(found?.top.digest == fresh?.top.digest && found?.top.gitTree == fresh?.top.gitTree)
        #expect(found?.isSame(as: known) == (name == "nothing"))
    }

    @Test func `folders that hold nothing of the scope are looked at, too`() throws {
        let tree = try TemporaryTree(["src/a.c": "a", "src/empty/": "", "src/other/x.txt": "x", "src/deep/er/": ""])
        let folders = ["src/empty", "src/other", "src/deep/er", "src/deep", "src"]
        for folder in folders { try tree.settle(folder) }
        var step = KeysTests.step()
        step.inputs = [try PathPattern("src/**/*.c", place: Place(file: ".imgwatch"))]
        let scope = InputScope(of: step)
        let reader = InputReader(root: tree.root, index: HashIndex(), tellsByTimes: true)
        let first = try #require(try reader.read(scope))
        let known = try #require(decoded(first.encoded(of: scope, reader.index), of: scope)).reading
        #expect(known.files.map(\.path) == ["src/a.c"])
        for folder in folders.dropLast() {
            try tree.write(folder + "/new.c", "new")
            for known in [first, known] {
                let found = try #require(try reader.read(scope, knowing: known)).files.map(\.path)
                #expect(found.contains(folder + "/new.c"), "\(folder)")
            }
        }
    }
}
