/// Images as others make them: layers by tar and its compressors, configurations with what ours never have.

import Foundation
import OCI

@testable import Building

extension Workshop {
    /// A layer from outside, in the layout.
    struct Layer {
        var descriptor: Descriptor
        var diffID: Digest
    }

    /// A folder of the context as a layer, by GNU tar and a compressor (`gzip`, `zstd`).
    func outsideLayer(of folder: String, _ program: String, type: String, _ options: String...) throws -> Layer {
        let tar = path + "/layer.tar"
        try Program.run("tar", options + ["--sort=name", "-cf", tar, "-C", absolute(folder), "."])
        defer { try? FileManager.default.removeItem(atPath: tar) }
        let packed = try Program.run(program, ["-c", tar])
        let plain = try Data(contentsOf: URL(filePath: tar))
        return Layer(descriptor: try layout.writeBlob(packed, mediaType: type), diffID: .sha256(of: plain))
    }

    /// A layer of any members.
    func outsideLayer(_ members: [(TarEntry, String)], _ encoding: LayerEncoding = .gzip) throws -> Layer {
        var writer = try LayerWriter(layout: layout, encoding: encoding)
        for (entry, text) in members {
            var entry = entry
            guard case .file = entry.kind else {
                try writer.append(entry)
                continue
            }
            entry.kind = .file(size: text.utf8.count)
            var rest = Array(text.utf8)[...]
            _ = try writer.append(entry) { buffer in
                let part = rest.prefix(buffer.count)
                buffer.copyBytes(from: part)
                rest = rest.dropFirst(part.count)
                return part.count
            }
        }
        let record = try writer.finish()
        return Layer(descriptor: record.descriptor, diffID: record.diffID)
    }

    /// An image from outside under a reference.
    @discardableResult
    func outsideImage(
        _ reference: String,
        _ layers: [Layer],
        configurationType: String = MediaType.configuration,
        manifestType: String = MediaType.manifest,
        _ change: (inout ImageConfiguration) -> Void = { _ in }
    ) throws -> Descriptor {
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.created = "2020-02-02T02:02:02.123456789Z"
        configuration.diffIDs = layers.map(\.diffID)
        configuration.history = layers.map { _ in .init(created: "2020-02-02T02:02:02Z", createdBy: "outside") }
        change(&configuration)
        let descriptor = try layout.writeBlob(configuration.encoded(), mediaType: configurationType)
        let manifest = Manifest(
            configuration: descriptor,
            layers: layers.map(\.descriptor),
            annotations: ["org.example.outside": "1"]
        )
        let written = try layout.writeBlob(manifest.encoded(), mediaType: manifestType)
        externals[reference] = written
        return written
    }

    /// Of a small distribution: two layers of which the upper one hides, links and replaces.
    @discardableResult
    func distribution(_ reference: String, _ type: String = MediaType.layer) throws -> Descriptor {
        try link("root/bin", to: "usr/bin")
        try file("root/usr/bin/tool", "T", mode: 0o4755)
        Foundation.link(absolute("root/usr/bin/tool"), absolute("root/usr/bin/alias"))
        try link("root/etc/passwd", to: "../usr/etc/passwd")
        try file("root/usr/etc/passwd", "root:x:0:0::/:\napp:x:1234:2345::/:\n")
        try file("root/etc/group", "staff:x:50:\n")
        try folder("root/data", mode: 0o750)
        try folder("root/tmp", mode: 0o1777)
        for name in ["root/gone/a", "root/opaque/old", "root/opaque/deep/old", "root/replaced/x"] { try file(name) }
        let lower = try outsideLayer(of: "root", "gzip", type: type, "--owner=0", "--group=0", "--numeric-owner")
        try FileManager.default.removeItem(atPath: absolute("root"))
        let any = TarEntry.Kind.file(size: 0)
        let upper = try outsideLayer([
            (.whiteout("gone"), ""), (TarEntry(path: "opaque", kind: .directory, mode: 0o700), ""),
            (TarEntry(path: "opaque/.wh..wh..opq", kind: any, mode: 0), ""),
            (TarEntry(path: "opaque/new", kind: any, mode: 0o644), "N"),
            (TarEntry(path: "replaced", kind: any, mode: 0o600, user: 9, group: 9), "R"),
            (TarEntry(path: "srv/deep/file", kind: any, mode: 0o644), "S"),
            (TarEntry(path: "usr/bin/third", kind: .hardLink(target: "usr/bin/tool"), mode: 0o4755), ""),
        ])
        return try outsideImage(reference, [lower, upper]) { $0.execution.user = "app" }
    }
}
