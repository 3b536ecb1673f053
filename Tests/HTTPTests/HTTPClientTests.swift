import Foundation
import Testing

@testable import HTTP

/// Against real connections.
@Suite struct HTTPClientTests {
    private let client = HTTPClient()

    private func get(_ server: ScriptedServer, _ path: String = "/") throws -> HTTPRequest {
        HTTPRequest("GET", try server.address(path))
    }

    @Test func `a connection is used again, and so is the client`() async throws {
        let server = try ScriptedServer { [ScriptedServer.answer(200, [:], $0.path)] }
        for path in ["/a", "/b?c=%2F", "/d"] {
            let answer = try await client.send(get(server, path))
            #expect(String(decoding: answer.body, as: UTF8.self) == path)
        }
        #expect(server.connections == 1)
    }

    @Test func `many requests at once are answered each by its own, over few connections`() async throws {
        let server = try ScriptedServer { [ScriptedServer.answer(200, [:], $0.path)] }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                let request = try get(server, "/\(number)")
                group.addTask {
                    let answer = try await client.send(request)
                    return String(decoding: answer.body, as: UTF8.self) == "/\(number)"
                }
            }
            for try await isOwn in group { #expect(isOwn) }
        }
        #expect(server.requests.count == 200)
        #expect((1...HTTPLimits.connectionsPerHost).contains(server.connections))
    }

    @Test func `who waits for a connection uses up none of its time`() async throws {
        var times = HTTPTimes()
        (times.connect, times.small) = (300, 500)
        // Those that are held move nothing for as long as a busy machine takes for all this.
        times.stallSeconds = 300
        let quick = HTTPClient(times)
        let busy = HTTPLimits.connectionsPerHost
        let server = try ScriptedServer {
            $0.path == "/held"
                ? [.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"), .hold, .write("b")]
                : [ScriptedServer.answer(200)]
        }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<busy {
                var request = try get(server, "/held")
                // Such a one has no limit but that something moves.
                request.sink = .stream(200...200) { _ in true }
                let held = request
                group.addTask { try await client.send(held).status }
            }
            await server.wait(for: busy)
            let other = HTTPClient(times)
            var request = try get(server, "/held")
            request.sink = .stream(200...200) { _ in true }
            let held = request
            for _ in 0..<busy { group.addTask { try await quick.send(held).status } }
            await server.wait(for: 2 * busy)
            let waiting = try get(server, "/late")
            group.addTask { try await quick.send(waiting).status }
            // So long that its time would be over, were it counted.
            let silent = try ScriptedServer { _ in [.hold] }
            let timed = try get(silent)
            #expect(await kind { () async throws(HTTPError) in try await other.send(timed) } == .timedOut)
            silent.release()
            for _ in 0..<2 * busy { server.release() }
            for try await status in group { #expect(status == 200) }
        }
        #expect(server.requests.last?.path == "/late")
    }

    @Test func `all that is sent arrives, and all that is answered comes back`() async throws {
        let server = try ScriptedServer { request in
            [
                ScriptedServer.answer(
                    request.method == "HEAD" ? 200 : 207,
                    ["X-Odd": " \t a b \t "],
                    request.method == "HEAD" ? "" : "yes"
                )
            ]
        }
        for (method, body) in [
            ("POST", HTTPBody.none), ("PUT", .none), ("PATCH", .none), ("DELETE", .none), ("HEAD", .none),
            ("POST", .bytes([])),
            ("PUT", .bytes([0, 1, 255])), ("PATCH", .bytes(Array(repeating: 7, count: 3_000_000))),
        ] {
            var request = HTTPRequest(method, try server.address("/x"))
            request.body = body
            request.headers = [HTTPHeader("X-Empty", ""), HTTPHeader("X-Name", "value: with = signs")]
            let answer = try await client.send(request)
            #expect(answer.status == (method == "HEAD" ? 200 : 207))
            #expect(answer["x-odd"] == "a b")
            let seen = try #require(server.requests.last)
            #expect((seen.method, seen.body.count) == (method, body.length))
            #expect((seen.headers["x-empty"], seen.headers["x-name"]) == ("", "value: with = signs"))
            #expect(seen.headers["expect"] == nil)
            #expect(seen.headers["user-agent"] == "imgwatch")
            #expect(["POST", "PUT", "PATCH"].contains(method) == (seen.headers["content-length"] == "\(body.length)"))
        }
    }

    @Test(arguments: ["Authorization", "X-A\r\nX-B"]) func `no header of ours has a line break`(
        name: String
    ) async throws {
        let server = try ScriptedServer { _ in [ScriptedServer.answer(200)] }
        var request = try get(server)
        request.headers = [HTTPHeader(name, name == "Authorization" ? "Bearer a\nX-Forged: b" : "c")]
        let forged = request
        #expect(await kind { () async throws(HTTPError) in try await client.send(forged) } == .other)
        #expect(server.connections == 0)
    }

    @Test func `what is cancelled before it starts is never sent`() async throws {
        let server = try ScriptedServer { _ in [ScriptedServer.answer(200)] }
        let request = try get(server)
        let result = await withTaskGroup(of: HTTPError.Kind?.self) { group in
            group.cancelAll()
            group.addTask { await kind { () async throws(HTTPError) in try await client.send(request) } }
            return await group.next()
        }
        #expect(result == .cancelled)
        #expect(server.requests.isEmpty)
    }

    @Test func `what is cancelled on its way ends, and what waits behind it too`() async throws {
        let server = try ScriptedServer { _ in [.hold] }
        let request = try get(server)
        let count = HTTPLimits.connectionsPerHost + 3
        let kinds = await withTaskGroup(of: HTTPError.Kind?.self) { group in
            for _ in 0..<count {
                group.addTask { await kind { () async throws(HTTPError) in try await client.send(request) } }
            }
            await server.wait(for: HTTPLimits.connectionsPerHost)
            group.cancelAll()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(kinds == Array(repeating: .cancelled, count: count))
        for _ in 0..<count { server.release() }
    }

    @Test func `a client that is closed ends what is on its way, and takes nothing more`() async throws {
        let server = try ScriptedServer { _ in [.hold] }
        let own = HTTPClient()
        let request = try get(server)
        async let first = kind { () async throws(HTTPError) in try await own.send(request) }
        await server.wait(for: 1)
        own.close()
        #expect(await first == .cancelled)
        for _ in 0..<20 {
            #expect(await kind { () async throws(HTTPError) in try await own.send(request) } == .cancelled)
        }
        server.release()
    }

    @Test func `nobody listens there`() async throws {
        let gone = try ScriptedServer { _ in [] }.address()
        #expect(
            await kind { () async throws(HTTPError) in try await client.send(HTTPRequest("GET", gone)) } == .unreachable
        )
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["NO_EXIT_TESTS"] == nil))
    func `a proxy of the environment is not asked for what is on this machine`() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] { setenv(name, "http://127.0.0.1:9", 1) }
            unsetenv("no_proxy")
            unsetenv("NO_PROXY")
            let server = try ScriptedServer { _ in [ScriptedServer.answer(200)] }
            let request = HTTPRequest("GET", try server.address())
            #expect(try await HTTPClient().send(request).status == 200)
            // Others are: nobody listens where the proxy should be.
            let far = HTTPRequest("GET", try address("http://192.0.2.1/"))
            #expect(await kind { () async throws(HTTPError) in try await HTTPClient().send(far) } == .unreachable)
        }
    }
}
