import Testing

@testable import HTTP

@Suite struct RedirectingTests {
    static let origin = "https://a.example:5000"

    private func follow(
        _ location: String,
        status: Int = 307,
        method: String = "GET",
        from start: String = "\(origin)/v2/x"
    ) async throws -> (last: HTTPResponse, requests: [HTTPRequest]) {
        let server = FakeServer { request, number in
            number == 1
                ? response(status, ["Location": location], from: request.address.description)
                : response(200, from: request.address.description)
        }
        var request = HTTPRequest(method, try address(start))
        for name in ["Authorization", "cookie", "Proxy-Authorization", "Range"] { request.set(name, "x") }
        request.trust.clientCertificate = "/certificate"
        request.trust.clientKey = "/key"
        return (try await Redirecting.around(server.send)(request), server.requests)
    }

    @Test(arguments: [
        ("/v2/y", true), ("\(origin)/v2/y", true), ("https://a.example:5001/y", false), ("https://a.example/y", false),
        ("https://b.example:5000/y", false), ("https://sub.a.example:5000/y", false), ("//b.example/y", false),
    ])
    func `credentials go along to the same origin only`(location: String, isSame: Bool) async throws {
        let (last, requests) = try await follow(location)
        #expect(last.status == 200)
        let second = try #require(requests.last)
        #expect(requests.count == 2)
        let names = Set(second.headers.map { $0.name.lowercased() })
        #expect(names == (isSame ? ["authorization", "cookie", "proxy-authorization", "range"] : ["range"]))
        #expect((second.trust.clientCertificate != nil) == isSame)
        #expect((second.trust.clientKey != nil) == isSame)
        #expect(last.address == second.address)
    }

    @Test(arguments: [
        ("\(origin)/x", "http://a.example:5000/y?a=%2F", "\(origin)/y?a=%2F"),
        ("\(origin)/x", "http://a.example/y", "\(origin)/y"),
        ("https://a.example/x", "http://a.example/y?b", "https://a.example/y?b"),
        ("https://[::1]/x", "http://[::1]/y", "https://[::1]/y"),
    ])
    func `where only the scheme is another, TLS is kept, and so are the credentials`(
        start: String,
        location: String,
        meant: String
    ) async throws {
        let last = try #require(try await follow(location, from: start).requests.last)
        #expect(last.address.description == meant)
        #expect(last.headers.contains { $0.name == "Authorization" })
    }

    @Test func `what leads out of TLS says who may be wrong`() throws {
        let start = try address("\(Self.origin)/x")
        #expect { try Redirecting.target(of: "http://b.example/", from: start) } throws: {
            ($0 as? HTTPError)?.remedy?.contains("X-Forwarded-Proto") == true
        }
    }

    @Test func `another scheme is another origin`() async throws {
        let requests = try await follow("https://a.example:5000/y", from: "http://a.example:5000/x").requests
        #expect(requests.last?.headers.map(\.name) == ["Range"])
    }

    @Test(arguments: [
        ("\(origin)/x", "http://a.example:5001/y"), ("\(origin)/x", "http://b.example:5000/"),
        ("\(origin)/x", "http://b.example/"),
        ("\(origin)/x", "file:///etc/passwd"),
        ("\(origin)/x", "https://127.0.0.1/"), ("\(origin)/x", "https://localhost:5000/"),
        ("\(origin)/x", "https://10.0.0.1/"),
        ("\(origin)/x", "https://169.254.169.254/latest/meta-data"), ("\(origin)/x", "https://[::1]/"),
        ("\(origin)/x", "https://[::ffff:10.0.0.1]/"), ("\(origin)/x", "https://me:secret@b.example/"),
        ("http://10.0.0.1/x", "http://127.0.0.1/"), ("http://127.0.0.1/x", "http://10.0.0.1/"),
        ("\(origin)/x", "https://localhost./"),
    ])
    func `no way leads out of TLS, into this machine or into a private network`(
        start: String,
        location: String
    ) async throws {
        let from = try address(start)
        #expect { try Redirecting.target(of: location, from: from) } throws: { ($0 as? HTTPError)?.kind == .forbidden }
        await #expect(throws: HTTPError.self) { _ = try await follow(location, from: start) }
    }

    @Test(arguments: [
        ("http://127.0.0.1:1/x", "http://localhost:2/y"), ("http://10.0.0.1/x", "http://192.168.0.1/y"),
        ("http://10.0.0.1/x", "https://10.0.0.1:9/y"), ("http://127.0.0.1/x", "https://a.example/y"),
    ])
    func `from inside one may go on inside, and outside`(start: String, location: String) throws {
        #expect(try Redirecting.target(of: location, from: address(start)).description == location)
    }

    @Test(arguments: [("POST", 307), ("PUT", 308), ("PATCH", 301), ("GET", 304), ("GET", 300)])
    func `only what is read is redirected`(method: String, status: Int) async throws {
        let (last, requests) = try await follow("/y", status: status, method: method)
        #expect(last.status == status)
        #expect(requests.count == 1)
    }

    @Test func `an answer without a Location is the answer`() async throws {
        let server = FakeServer { _, _ in response(302) }
        #expect(
            try await Redirecting.around(server.send)(HTTPRequest("GET", address("http://a.example/"))).status == 302
        )
    }

    @Test func `a circle comes to an end`() async throws {
        let server = FakeServer { request, _ in response(302, ["Location": "/x"], from: request.address.description) }
        let request = HTTPRequest("HEAD", try address("http://a.example/"))
        let send = Redirecting.around(server.send)
        #expect(await kind { () async throws(HTTPError) in try await send(request) } == .forbidden)
        #expect(server.requests.count == HTTPLimits.mostRedirects + 1)
    }
}
