/// A blob on its way from its file to a client, a piece at a time.

import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import OCI

/// An open blob: what removes the file meanwhile does not cut off who reads it.
struct BlobFile: ~Copyable, Sendable {
    private let descriptor: Int32
    private let path: String
    /// In bytes.
    let size: Int

    /// Opens a file; nil where there is none.
    init?(path: String) {
        var status = stat()
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            size = 0
            return nil
        }
        size = Int(status.st_size)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// At most so many bytes from `offset`; empty at the end.
    func read(_ count: Int, at offset: Int) throws(OCIError) -> Data {
        guard let memory = malloc(max(count, 1)) else {
            throw .fileSystem(operation: "read", path: path, code: ENOMEM)
        }
        while true {
            let read = pread(descriptor, memory, count, off_t(offset))
            if read >= 0 { return Data(bytesNoCopy: memory, count: read, deallocator: .free) }
            guard errno == EINTR else {
                let code = errno
                free(memory)
                throw .fileSystem(operation: "read", path: path, code: code)
            }
        }
    }
}

/// A part of a blob as the body of a response.
final class BlobBody: AsyncBufferedSequence {
    typealias Element = UInt8
    private let file: BlobFile
    private let range: Range<Int>

    /// What is in memory of a blob at once.
    static let pieceSize = 256 << 10

    init(_ file: consuming BlobFile, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    var count: Int { range.count }

    func makeAsyncIterator() -> Iterator { Iterator(body: self, offset: range.lowerBound) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        fileprivate let body: BlobBody
        fileprivate var offset: Int

        mutating func next() async throws -> UInt8? { try await nextBuffer(suggested: 1)?.first }

        mutating func nextBuffer(suggested count: Int) async throws -> Data? {
            try Task.checkCancellation()
            guard offset < body.range.upperBound else { return nil }
            let piece = try body.file.read(Swift.min(count, body.range.upperBound - offset), at: offset)
            // Shorter than it was: the connection ends before the announced length, and the client notices.
            guard !piece.isEmpty else { throw SocketError.disconnected }
            offset += piece.count
            return piece
        }
    }
}

extension HTTPBodySequence {
    init(_ body: BlobBody) {
        self.init(from: body, count: body.count, suggestedBufferSize: BlobBody.pieceSize)
    }
}
