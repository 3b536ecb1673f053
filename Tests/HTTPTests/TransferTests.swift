import Foundation
import Synchronization
import Testing

@testable import HTTP

/// Servers that stall, flood and hang up, and bodies that are files.
@Suite struct TransferTests {
    private func outcome(
        _ acts: [ScriptedServer.Act],
        _ times: HTTPTimes = HTTPTimes(),
        _ change: (inout HTTPRequest) -> Void = { _ in }
    ) async throws -> HTTPError.Kind? {
        let server = try ScriptedServer { _ in acts }
        let client = HTTPClient(times)
        var request = HTTPRequest("GET", try server.address("/?secret=geheim"))
        change(&request)
        defer { server.release() }
        let asked = request
        do throws(HTTPError) {
            _ = try await client.send(asked)
            return nil
        } catch {
            #expect(!"\(error)".contains("geheim"))
            #expect(!error.reason.isEmpty && !error.reason.hasSuffix("."))
            return error.kind
        }
    }

    private static let head = "HTTP/1.1 200 OK\r\n"
    private static let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        ([ScriptedServer.Act.close], HTTPError.Kind.cut), ([.reset], .cut), ([.write("HTTP/1.1 200"), .close], .cut),
        ([.write(head + "Content-Length: 9\r\n\r\n1234"), .close], .cut),
        ([.write(head + "Content-Length: 9\r\n\r\n1234"), .reset], .cut),
        ([.write(chunked + "4\r\n1234\r\n"), .close], .cut),
        ([.write(chunked), .flood("10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n")], .tooLong),
        ([.write(head), .flood("X-Flood: " + String(repeating: "x", count: 1000) + "\r\n")], .tooLong),
        ([.write(head + "X-Long: "), .flood(String(repeating: "x", count: 1 << 16))], .tooLong),
        ([.write(head + "Content-Length: 1152921504606846976\r\n\r\n12345"), .hold], .tooLong),
        ([.write("no HTTP at all\r\n\r\n"), .close], .other),
    ])
    func `what no good server does ends in an error`(acts: [ScriptedServer.Act], kind: HTTPError.Kind) async throws {
        #expect(try await outcome(acts) == kind)
    }

    @Test func `a body is as long as it may be, and no longer`() async throws {
        let acts = [ScriptedServer.answer(200, [:], "12345678")]
        #expect(try await outcome(acts) { $0.longestBody = 8 } == nil)
        #expect(try await outcome(acts) { $0.longestBody = 7 } == .tooLong)
    }

    @Test func `who answers nothing is given up`() async throws {
        var times = HTTPTimes()
        times.small = 200
        #expect(try await outcome([.hold], times) == .timedOut)
        #expect(try await outcome([.write(Self.head + "Content-Length: 9\r\n\r\n1"), .hold], times) == .timedOut)
    }

    @Test func `a stream on which nothing moves is given up`() async throws {
        var times = HTTPTimes()
        times.stallSeconds = 1
        let kind = try await outcome([.write(Self.head + "Content-Length: 9\r\n\r\n1"), .hold], times) {
            $0.sink = .stream(200...200) { _ in true }
        }
        #expect(kind == .timedOut)
    }

    @Test func `an upload that is complete may wait for longer`() async throws {
        var times = HTTPTimes()
        (times.stallSeconds, times.longStallSeconds) = (1, 1)
        let client = HTTPClient(times)
        let server = try ScriptedServer { _ in [.hold, ScriptedServer.answer(201)] }
        for size in [0, 10, 3_000_000] {
            var request = HTTPRequest("PUT", try server.address())
            request.body = size == 0 ? .none : .bytes(Array(repeating: 7, count: size))
            let upload = request
            let silent = try ScriptedServer { _ in [.hold] }
            let place = try silent.address()
            let kinds = await withTaskGroup(of: HTTPError.Kind?.self) { group in
                group.addTask {
                    await HTTPTests.kind { () async throws(HTTPError) in try await client.send(upload) }
                }
                // As long as others are given up, and longer.
                for method in ["GET", "POST"] {
                    let kind = await HTTPTests.kind { () async throws(HTTPError) in
                        try await client.send(HTTPRequest(method, place))
                    }
                    #expect(kind == .timedOut)
                }
                server.release()
                silent.release()
                silent.release()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(kinds == [nil], "\(size)")
        }
    }

    @Test func `a stream that drips is given up`() async throws {
        var times = HTTPTimes()
        times.dripSeconds = 1
        let body = Array(repeating: ScriptedServer.Act.write("12345678"), count: 20)
        let pause = Array(repeating: ScriptedServer.Act.hold, count: 20)
        let server = try ScriptedServer { _ in
            [.write(Self.head + "Content-Length: 100000\r\n\r\n")] + zip(body, pause).flatMap { [$0, $1] }
        }
        var request = HTTPRequest("GET", try server.address())
        request.sink = .stream(200...200) { _ in
            server.release()
            return true
        }
        let asked = request
        #expect(
            await HTTPTests.kind { () async throws(HTTPError) in try await HTTPClient(times).send(asked) } == .timedOut
        )
    }

    @Test func `a stream gets the bytes of the answers that it is for, and can end them`() async throws {
        let server = try ScriptedServer { request in
            [ScriptedServer.answer(request.path == "/good" ? 200 : 404, [:], "the body")]
        }
        let seen = Mutex<[UInt8]>([])
        var request = HTTPRequest("GET", try server.address("/good"))
        request.sink = .stream(200...200) { bytes in
            seen.withLock { $0 += bytes }
            return true
        }
        let client = HTTPClient()
        #expect(try await client.send(request).body == [])
        #expect(seen.withLock { String(decoding: $0, as: UTF8.self) } == "the body")
        request.address = try server.address("/bad")
        #expect(try await client.send(request).body == Array("the body".utf8))
        #expect(seen.withLock(\.count) == 8)
        request.address = try server.address("/good")
        request.sink = .stream(200...200) { _ in false }
        let refusing = request
        #expect(await HTTPTests.kind { () async throws(HTTPError) in try await client.send(refusing) } == .refused)
    }

    @Test func `interim answers are none`() async throws {
        let early = "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
        let server = try ScriptedServer { _ in [.write(early), ScriptedServer.answer(201, ["X-Late": "2"])] }
        let answer = try await HTTPClient().send(HTTPRequest("GET", server.address()))
        #expect((answer.status, answer["X-Early"], answer["X-Late"]) == (201, nil, "2"))
    }

    @Test(arguments: [413, 401, 503]) func `an early no is the answer, though the body was not read`(
        status: Int
    ) async throws {
        let server = try ScriptedServer(isEarly: true) { _ in
            [ScriptedServer.answer(status, ["Connection": "close"], "too large")]
        }
        var request = HTTPRequest("PUT", try server.address())
        request.body = .bytes(Array(repeating: 7, count: 20_000_000))
        let answer = try await HTTPClient().send(request)
        #expect(answer.status == status)
        #expect(String(decoding: answer.body, as: UTF8.self) == "too large")
    }

    @Test func `parts of a file are sent`() async throws {
        let file = try TemporaryFile((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 1000) })
        let server = try ScriptedServer { _ in [ScriptedServer.answer(201)] }
        let client = HTTPClient()
        for (offset, length) in [(0, 3_000_000), (1_000_000, 1_500_000), (2_999_999, 1), (5, 0)] {
            var request = HTTPRequest("PATCH", try server.address())
            request.body = .file(path: file.path, offset: offset, length: length)
            #expect(try await client.send(request).status == 201)
            #expect(server.requests.last?.body == Array(file.bytes[offset..<offset + length]))
        }
        #expect(server.connections == 1)
    }

    @Test func `a file that is shorter than it was, or gone, is not sent, and the reason names it`() async throws {
        let file = try TemporaryFile([1, 2, 3])
        let server = try ScriptedServer { _ in [ScriptedServer.answer(201)] }
        for (path, reason) in [
            (file.path, "it is shorter than it was"), ("/nowhere/at/all", "No such file or directory"),
        ] {
            var request = HTTPRequest("PUT", try server.address())
            request.body = .file(path: path, offset: 0, length: 9)
            let asked = request
            await #expect {
                _ = try await HTTPClient().send(asked)
            } throws: { error in
                (error as? HTTPError)?.kind == .other
                    && (error as? HTTPError)?.reason == "\(path) can't be sent: \(reason)"
            }
        }
        #expect(server.requests.isEmpty)
    }

    @Test(arguments: [true, false]) func `an idle connection that turns out to be gone spoils no body`(
        isRepeatable: Bool
    ) async throws {
        let server = try ScriptedServer { request in
            request.path == "/first" ? [ScriptedServer.answer(200), .close] : [ScriptedServer.answer(201)]
        }
        let client = HTTPClient()
        for _ in 0..<20 {
            _ = try await client.send(HTTPRequest("GET", server.address("/first")))
            var request = HTTPRequest("PUT", try server.address("/second"))
            request.isRepeatable = isRepeatable
            request.body = .bytes(Array(repeating: 9, count: 300_000))
            let second = request
            // Where it breaks in the middle, nobody but the caller knows whether to repeat it.
            let outcome = await HTTPTests.kind { () async throws(HTTPError) in try await client.send(second) }
            #expect(outcome == nil || outcome == .cut)
            #expect(server.requests.last.map { $0.path == "/first" || $0.body.count == 300_000 } == true)
        }
    }
}

/// A file that lives as long as the test.
private final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "http-tests-\(UUID().uuidString)").path
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        try Data(bytes).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
