import Foundation
import Testing

@testable import OCI

@Suite struct LayoutExportTests {
    @Test func `an image is in the other layout with its blobs, which are not copied`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        let image = try layout.sampleImage()
        let target = try ImageLayout.open(at: folder.path + "/out/shop")
        try layout.export(image, as: ["1.0", "latest"], to: target)
        #expect(try target.names() == ["1.0", "latest"])
        let manifest = try Manifest(decoding: target.readBlob(try #require(try target.resolve("1.0"))))
        for blob in manifest.layers + [manifest.configuration] {
            #expect(target.hasBlob(blob))
            var status = stat()
            #expect(stat(target.blobPath(blob.digest), &status) == 0 && status.st_nlink == 2)
        }
    }

    @Test func `a broken blob at the target is replaced`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        let image = try layout.sampleImage()
        let target = try ImageLayout.open(at: folder.path + "/out")
        try Data([1]).write(to: URL(filePath: target.blobPath(image.digest)))
        try layout.export(image, as: ["1"], to: target)
        #expect(try target.readBlob(image) == layout.readBlob(image))
    }

    @Test func `an image that lacks a blob is not published`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        let image = try layout.sampleImage()
        let layer = try #require(Manifest(decoding: layout.readBlob(image)).layers.first)
        unlink(layout.blobPath(layer.digest))
        let target = try ImageLayout.open(at: folder.path + "/out")
        #expect(throws: OCIError.missingBlob(layer.digest, layout: layout.path)) {
            try layout.export(image, as: ["1"], to: target)
        }
        #expect(try target.names().isEmpty)
    }

    @Test(.enabled(if: Program("skopeo") != nil, "skopeo is not installed"))
    func `skopeo reads and copies an exported image`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        let image = try layout.sampleImage(annotations: ["key": "abc"])
        try layout.export(image, as: ["git-1234-dirty-abc"], to: ImageLayout.open(at: folder.path + "/out/shop"))
        try layout.tag("shop:t1", as: image)
        let skopeo = try #require(Program("skopeo"))
        let reference = "oci:\(folder.path)/out/shop:git-1234-dirty-abc"
        let inspected = try skopeo.run("inspect", reference)
        #expect(inspected.status == 0, "\(inspected.output)")
        #expect(inspected.output.contains(image.digest.description))
        #expect(try skopeo.run("inspect", "oci:\(folder.path)/store:shop:t1").status == 0)
        let copied = try skopeo.run("--insecure-policy", "copy", reference, "dir:\(folder.path)/copy")
        #expect(copied.status == 0, "\(copied.output)")
    }

    @Test(.enabled(if: Program("umoci") != nil, "umoci is not installed"))
    func `umoci unpacks an exported image`() throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        try layout.export(layout.sampleImage(), as: ["1"], to: ImageLayout.open(at: folder.path + "/out"))
        let umoci = try #require(Program("umoci"))
        let unpacked = try umoci.run("unpack", "--rootless", "--image", "\(folder.path)/out:1", "\(folder.path)/bundle")
        #expect(unpacked.status == 0, "\(unpacked.output)")
        let content = try String(contentsOfFile: folder.path + "/bundle/rootfs/folder/file", encoding: .utf8)
        #expect(content == "hello\n")
    }
}
