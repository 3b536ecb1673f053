import Foundation
import OCI
import Rigs
import Testing

@testable import Building

@Suite struct LayerIndexTests {
    private static let names = ["a", "b", "c", "\u{e4}", "long-name-of-a-file", ".hidden"]

    /// A file of the lowest layer that others are further names of.
    private static let linked = "linked"

    /// Members in any order, with all that a layer can do: hide, link, replace, name a path twice.
    private static func members(_ random: inout SplitMix) -> [(TarEntry, String)] {
        (0..<Int.random(in: 0...40, using: &random)).map { number in
            let depth = Int.random(in: 1...3, using: &random)
            let path = (0..<depth).map { _ in names.randomElement(using: &random) ?? "a" }.joined(separator: "/")
            let mode = UInt16.random(in: 0...0o7777, using: &random)
            let user = Int.random(in: 0...70_000, using: &random)
            func entry(_ kind: TarEntry.Kind) -> TarEntry {
                let capability = user % 5 == 0 ? [1, 0, 0, UInt8(user % 256), 255] : []
                return TarEntry(
                    path: path,
                    kind: kind,
                    mode: mode,
                    user: user,
                    group: user / 3,
                    capability: capability
                )
            }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: return (.whiteout(path), "")
            case 1: return (TarEntry(path: path + "/.wh..wh..opq", kind: .file(size: 0), mode: 0), "")
            case 2: return (entry(.symbolicLink(target: "/target")), "")
            case 3: return (entry(.characterDevice(major: user, minor: number)), "")
            case 4: return (entry(.blockDevice(major: number, minor: user)), "")
            case 5: return (entry(.fifo), "")
            case 9: return (entry(.hardLink(target: linked)), "")
            case 6...8: return (entry(.directory), "")
            default:
                return (entry(.file(size: 0)), "content \(number) " + String(repeating: "x", count: user / 100))
            }
        }
    }

    @Test(arguments: 0..<60)
    func `an image from the index cache is the one from its layers`(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        let workshop = try Workshop()
        let file = (TarEntry(path: Self.linked, kind: .file(size: 0), mode: 0o640), "linked")
        let layers = try (0..<3).map { number in
            let encoding = LayerEncoding.allCases.randomElement(using: &random) ?? .gzip
            return try workshop.outsideLayer((number == 0 ? [file] : []) + Self.members(&random), encoding)
        }
        let manifest = try workshop.outsideImage("base", layers)
        let fresh = try Assembler(layout: workshop.layout, cache: workshop.cache).load(manifest)
        _ = try workshop.assembler.load(manifest, isExternal: true)
        let names = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/indexes")
        #expect(Set(names) == Set(layers.map(\.descriptor.digest.hex)))
        let cached = try workshop.restarted().load(manifest)
        #expect(cached.externalLayers.count == Set(names).count)
        #expect(fresh.layers == cached.layers)
        let (one, other) = (fresh.rootFS.descendants(of: .root), cached.rootFS.descendants(of: .root))
        #expect(one.map(\.path) == other.map(\.path))
        #expect(one.map(\.node) == other.map(\.node))
        #expect(try workshop.listing(fresh.rootFS) == workshop.listing(cached.rootFS))
        // Whatever the layers do, what is in a folder has a folder.
        for (path, _) in one { #expect(fresh.rootFS[path.parent]?.isDirectory == true, "\(path.text)") }
    }

    @Test func `a layer's own links lead its members, those of lower layers do not`() throws {
        let workshop = try Workshop()
        func folder(_ path: String) -> (TarEntry, String) { (TarEntry(path: path, kind: .directory, mode: 0o711), "") }
        func file(_ path: String, _ text: String) -> (TarEntry, String) {
            (TarEntry(path: path, kind: .file(size: 0), mode: 0o644), text)
        }
        func link(_ path: String, _ target: String) -> (TarEntry, String) {
            (TarEntry(path: path, kind: .symbolicLink(target: target), mode: 0o777), "")
        }
        let lower = try workshop.outsideLayer([
            folder("usr"), folder("usr/lib"), link("lib", "usr/lib"), file("lib/a", "A"), file("twice", "1"),
            (TarEntry(path: "name", kind: .hardLink(target: "twice"), mode: 0), ""), file("twice", "2"),
            link("other", "usr"), folder("gone"), file("gone/x", "x"), file("gone", "now a file"),
        ])
        let upper = try workshop.outsideLayer([file("other/b", "B")])
        let image = try workshop.assembler.load(workshop.outsideImage("base", [lower, upper]))
        #expect(
            try workshop.listing(image.rootFS) == [
                "644 0:0 gone = now a file", "777 0:0 lib -> usr/lib", "644 0:0 name = 1", "755 0:0 other/",
                "644 0:0 other/b = B", "644 0:0 twice = 2", "711 0:0 usr/", "711 0:0 usr/lib/",
                "644 0:0 usr/lib/a = A",
            ]
        )
    }

    @Test func `a hard link that leads nowhere is an error`() throws {
        let workshop = try Workshop()
        let layer = try workshop.outsideLayer([(TarEntry(path: "a", kind: .hardLink(target: "b"), mode: 0), "")])
        try workshop.outsideImage("base", [layer])
        let problem = try #require(try workshop.problem("FROM base\n"))
        #expect(problem.id == "storage")
        #expect(problem.reason.hasSuffix("a hard link leads nowhere: a"))
    }

    @Test func `what is damaged or another's is not there`() throws {
        let workshop = try Workshop()
        let layer = try workshop.outsideLayer([
            (TarEntry(path: "a", kind: .file(size: 0), mode: 0o644), "A"),
            (TarEntry(path: "a-link", kind: .symbolicLink(target: "a"), mode: 0o777), ""),
        ]).descriptor.digest
        let tar = try workshop.assembler.tars.open(workshop.layout.blobPath(layer))
        let index = try LayerIndex(of: layer, in: tar, isExternal: true)
        let bytes = index.encoded()
        #expect(LayerIndex(decoding: bytes, of: layer) == index)
        #expect(index.entries.count == 2)
        #expect(LayerIndex(decoding: bytes, of: .sha256(of: [])) == nil)
        #expect(LayerIndex(decoding: [], of: layer) == nil)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 1
            #expect(LayerIndex(decoding: damaged, of: layer) == nil)
            #expect(LayerIndex(decoding: Array(bytes[..<position]), of: layer) == nil)
        }
    }

    @Test func `a damaged file in the folder is listed again and mended`() throws {
        let workshop = try Workshop()
        let layer = try workshop.outsideLayer([(TarEntry(path: "a", kind: .file(size: 0), mode: 0o644), "A")])
        let manifest = try workshop.outsideImage("base", [layer])
        let image = try workshop.assembler.load(manifest)
        let file = workshop.path + "/indexes/" + layer.descriptor.digest.hex
        let good = try Data(contentsOf: URL(filePath: file))
        try Data("damaged".utf8).write(to: URL(filePath: file))
        #expect(try workshop.restarted().load(manifest).rootFS[TreePath("a")] == image.rootFS[TreePath("a")])
        #expect(try Data(contentsOf: URL(filePath: file)) == good)
    }
}
