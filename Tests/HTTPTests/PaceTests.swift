import Testing

@testable import HTTP

@Suite struct PaceTests {
    private enum Kind { case small, stream, manifest, end, upload }

    private func pace(_ kind: Kind) throws -> Pace {
        let isRead = [.small, .stream].contains(kind)
        var request = HTTPRequest(isRead ? "GET" : "PUT", try address("http://a.example/"))
        if kind == .manifest { request.body = .bytes([1, 2, 3]) }
        if kind == .stream { request.sink = .stream(200...200) { _ in true } }
        if kind == .upload { request.body = .file(path: "/x", offset: 0, length: 10 << 20) }
        return Pace(request, HTTPTimes())
    }

    /// After how many seconds it is given up that moves so many bytes in each; nil: not within an hour.
    private func end(_ kind: Kind, _ bytes: Int, storedFrom: Int = .max) throws -> Int? {
        var pace = try pace(kind)
        return (0...3600).first {
            pace.fault(bytes: min($0, storedFrom) * bytes, isStored: $0 > storedFrom, at: $0 * 1000 + 5) != nil
        }
    }

    @Test func `what stands still is given up, something large later`() throws {
        #expect(try end(.small, 0) == 10)
        #expect(try end(.stream, 0) == 10)
        #expect(try end(.upload, 0) == 60)
    }

    @Test func `what drips is given up where it has no time-out`() throws {
        #expect(try end(.small, 1) == nil)
        for kind in [Kind.stream, .upload] {
            #expect(try end(kind, 1) == 60)
            #expect(try end(kind, 1023) == 60)
            #expect(try end(kind, 1024) == nil)
        }
    }

    @Test func `what is being stored has its own time`() throws {
        #expect(try end(.upload, 100_000, storedFrom: 30) == 30 + 120)
        #expect(try end(.manifest, 100, storedFrom: 30) == 30 + 30)
        #expect(try end(.end, 100, storedFrom: 30) == 30 + 120)
    }
}
