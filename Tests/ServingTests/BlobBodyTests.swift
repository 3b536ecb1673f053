/// A blob is read a piece at a time, whatever happens to its file.

import FlyingSocks
import Foundation
import Testing

@testable import Serving

@Suite struct BlobBodyTests {
    private let folder: TemporaryFolder
    private let path: String
    private let bytes = (0..<3 * BlobBody.pieceSize + 17).map { UInt8(truncatingIfNeeded: $0 / 3) }

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/blob"
        try Data(bytes).write(to: URL(filePath: path))
    }

    private func body(_ range: Range<Int>? = nil) throws -> BlobBody {
        guard let file = BlobFile(path: path) else { throw SocketError.disconnected }
        let size = file.size
        return BlobBody(file, range ?? 0..<size)
    }

    private func pieces(of body: BlobBody) async throws -> [Data] {
        var pieces: [Data] = []
        var iterator = body.makeAsyncIterator()
        while let piece = try await iterator.nextBuffer(suggested: BlobBody.pieceSize) { pieces.append(piece) }
        return pieces
    }

    @Test func `all bytes come, and never more than a piece at once`() async throws {
        let body = try body()
        #expect(body.count == bytes.count)
        let pieces = try await pieces(of: body)
        #expect(pieces.map(\.count) == [BlobBody.pieceSize, BlobBody.pieceSize, BlobBody.pieceSize, 17])
        #expect(pieces.flatMap(\.self) == bytes)
    }

    @Test(arguments: [0..<0, 0..<1, 5..<300_000, 786_432..<786_449])
    func `of a part only the part comes`(range: Range<Int>) async throws {
        #expect(try await pieces(of: try body(range)).flatMap(\.self) == Array(bytes[range]))
    }

    @Test func `bytes come one by one too`() async throws {
        var iterator = try body(3..<6).makeAsyncIterator()
        var found: [UInt8] = []
        while let byte = try await iterator.next() { found.append(byte) }
        #expect(found == Array(bytes[3..<6]))
    }

    @Test func `a blob that is removed is read to its end`() async throws {
        let body = try body()
        try FileManager.default.removeItem(atPath: path)
        #expect(try await pieces(of: body).flatMap(\.self) == bytes)
    }

    @Test func `a blob that was cut off ends in an error`() async throws {
        let body = try body()
        try #require(truncate(path, 5) == 0)
        await #expect(throws: SocketError.disconnected) { try await pieces(of: body) }
    }

    @Test func `what is no file is no blob`() throws {
        for path in [folder.path, folder.path + "/none"] {
            #expect((BlobFile(path: path)?.size) == nil)
        }
    }
}
