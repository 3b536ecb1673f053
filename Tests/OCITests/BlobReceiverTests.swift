import Foundation
import Testing

@testable import OCI

@Suite struct BlobReceiverTests {
    private let folder: TemporaryFolder
    private let layout: ImageLayout
    private let bytes = Array("a blob of some length".utf8)

    init() throws {
        folder = try TemporaryFolder()
        layout = try ImageLayout.open(at: folder.path + "/layout")
    }

    private func receiver(size: Int? = nil) throws -> BlobReceiver {
        let size = size ?? bytes.count
        return try BlobReceiver(Descriptor(mediaType: "x", digest: .sha256(of: bytes), size: size), into: layout)
    }

    private func write(_ receiver: BlobReceiver, _ bytes: some Sequence<UInt8>) -> Bool {
        Array(bytes).withUnsafeBytes { receiver.write($0) }
    }

    private var files: [String] {
        (FileManager.default.enumerator(atPath: layout.path)?.compactMap { $0 as? String } ?? [])
            .filter { $0.contains("incoming") || $0.hasPrefix("blobs/sha256/") }
    }

    @Test func `what is whole and true gets its name, and not before`() throws {
        let receiver = try receiver()
        #expect(write(receiver, bytes[..<5]))
        #expect(write(receiver, bytes[5...]))
        #expect(receiver.count == bytes.count)
        #expect(!layout.hasBlob(receiver.descriptor))
        try receiver.finish()
        #expect(try layout.readBlob(receiver.descriptor) == bytes)
        #expect(files.count == 1)
    }

    @Test func `nothing longer is taken`() throws {
        let receiver = try receiver(size: 8)
        #expect(write(receiver, bytes[..<8]))
        #expect(!write(receiver, [0]))
        #expect(write(receiver, []))
        #expect(receiver.count == 8)
    }

    @Test func `what is shorter or other has no name, and leaves nothing`() throws {
        for other in [Array(bytes.dropLast()), bytes.dropLast() + [0], []] {
            let receiver = try receiver()
            #expect(write(receiver, other))
            #expect(throws: OCIError.self) { try receiver.finish() }
            #expect(files.isEmpty)
        }
    }

    @Test func `one that is dropped leaves nothing`() throws {
        var receiver: BlobReceiver? = try receiver()
        #expect(files.count == 1)
        #expect(try write(#require(receiver), bytes))
        receiver = nil
        #expect(files.isEmpty)
    }
}
