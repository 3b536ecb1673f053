/// Parts of files as blobs and layers.

import Foundation
import Testing

@testable import OCI

@Suite struct FilePartTests {
    private final class Place {
        let root = NSTemporaryDirectory() + "part-\(UUID().uuidString)"
        let layout: ImageLayout
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

        init() throws {
            layout = try ImageLayout.open(at: root)
            try Data([9, 9, 9] + bytes + [8]).write(to: URL(filePath: root + "/file"))
        }
        deinit { try? FileManager.default.removeItem(atPath: root) }

        var part: FilePart { FilePart(path: root + "/file", offset: 3, size: bytes.count) }
    }

    @Test func `only the part is read`() throws {
        let place = try Place()
        #expect(try place.part.bytes() == place.bytes)
        var short = place.part
        short.size += 2
        #expect(throws: OCIError.self) { try short.bytes() }
    }

    @Test(arguments: LayerEncoding.allCases) func `a tar becomes a layer in any encoding`(
        encoding: LayerEncoding
    ) throws {
        let place = try Place()
        let record = try place.layout.addLayer(tar: place.part, encoding: encoding)
        #expect(record.diffID == .sha256(of: place.bytes) && record.mediaType == encoding.mediaType)
        let source = try TarSource(path: place.layout.blobPath(record.digest))
        #expect(source.length == place.bytes.count && place.layout.hasBlob(record.descriptor))
    }

    @Test func `a blob is taken over as it is, and only if it is true`() throws {
        let place = try Place()
        let blob = Descriptor(mediaType: MediaType.layer, digest: .sha256(of: place.bytes), size: place.bytes.count)
        try place.layout.adopt(blob, from: place.part)
        #expect(try place.layout.readBlob(blob) == place.bytes)
        for (offset, size) in [(2, place.bytes.count), (3, place.bytes.count - 1), (3, place.bytes.count + 1)] {
            let other = Descriptor(
                mediaType: MediaType.layer,
                digest: .sha256(of: [UInt8(size & 1)]),
                size: place.bytes.count
            )
            #expect(throws: OCIError.self) {
                try place.layout.adopt(other, from: FilePart(path: place.part.path, offset: offset, size: size))
            }
        }
    }
}
