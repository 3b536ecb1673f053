import Testing

@testable import HTTP

@Suite struct WebAddressTests {
    @Test(arguments: [
        ("http://a.example", "http://a.example/", "a.example", 80, "/", nil),
        ("https://A.Example:5000/v2/", "https://A.Example:5000/v2/", "a.example", 5000, "/v2/", nil),
        ("https://a.example:443/x?y=%2F&z", "https://a.example:443/x?y=%2F&z", "a.example", 443, "/x", "y=%2F&z"),
        ("HTTP://a.example/x#part", "http://a.example/x", "a.example", 80, "/x", nil),
        ("http://[::1]:5000/v2/", "http://[::1]:5000/v2/", "[::1]", 5000, "/v2/", nil),
        ("http://127.1/", "http://127.0.0.1/", "127.0.0.1", 80, "/", nil),
        ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", 80, "/", nil),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1", 80, "/", nil),
    ])
    func `an address is taken apart`(
        text: String,
        description: String,
        host: String,
        port: Int,
        path: String,
        query: String?
    ) throws {
        let address = try address(text)
        #expect(address.description == description)
        #expect((address.host, address.port, address.path) == (host, port, path))
        #expect(address.query == query)
    }

    @Test(arguments: [
        "", "a.example", "/v2/", "ftp://a.example/", "file:///etc/passwd", "http://", "http:///",
        "http://user@a.example/",
        "http://user:password@a.example/", "http://:@a.example/", "http://@a.example/", "http://a.example/a b",
        "http://a.example/\r\nHost: b", "http://a.example/\u{7F}", "http://a.example:99999/", "http://a.example:x/",
        "http://[::1/", "http://ⓛocalhost/", "http://１２７.0.0.1/", "http://%e2%93%9bocalhost/", "http://a\\@b.example/",
        "http://a.example%00.b.example/", "javascript:alert(1)", "http://a.example@b.example/",
    ])
    func `what is no address of the web, or names a user, is none`(text: String) {
        #expect(WebAddress(parsing: text) == nil, "\(text)")
    }

    @Test(arguments: [
        ("/v2/a/blobs/uploads/1?_state=x%2Fy", "https://a.example:5000/v2/a/blobs/uploads/1?_state=x%2Fy"),
        ("1?b=c", "https://a.example:5000/v2/x/1?b=c"), ("?b=c", "https://a.example:5000/v2/x/y?b=c"),
        ("../z", "https://a.example:5000/v2/z"), ("//b.example/z", "https://b.example/z"),
        ("http://b.example", "http://b.example/"), ("https://b.example:1/z#part", "https://b.example:1/z"),
    ])
    func `a Location may be relative or absolute`(location: String, meant: String) throws {
        #expect(try address("https://a.example:5000/v2/x/y?old=1").resolving(location)?.description == meant)
    }

    @Test(arguments: [
        "file:///etc/hostname", "https://me:secret@b.example/", "https://me@b.example/", "/a b", "//me@b.example/",
        "gopher://b.example/", "\u{1}",
    ])
    func `a Location that leads to no address is none`(location: String) throws {
        #expect(try address("https://a.example/v2/").resolving(location) == nil)
    }

    @Test(arguments: [
        ("http://a.example/u", "http://a.example/u?digest=sha256%3Aab"),
        ("http://a.example/u?", "http://a.example/u?digest=sha256%3Aab"),
        ("http://a.example/u?_state=x%2Fy+z&b", "http://a.example/u?_state=x%2Fy+z&b&digest=sha256%3Aab"),
    ])
    func `parameters are put behind those that are there, which stay as they are`(text: String, meant: String) throws {
        let added = try address(text).adding([(name: "digest", value: "sha256:ab")])
        #expect(added?.description == meant)
    }

    @Test func `nothing added changes nothing, and everything odd is encoded`() throws {
        let plain = try address("http://a.example/u?x")
        #expect(plain.adding([]) == plain)
        #expect(WebAddress.encoded("aZ0-._~ /?&=%+\n\u{E9}") == "aZ0-._~%20%2F%3F%26%3D%25%2B%0A%C3%A9")
        let added = plain.adding([(name: "a b", value: "c&d=e")])
        #expect(added?.description == "http://a.example/u?x&a%20b=c%26d%3De")
    }

    @Test func `what is shown has no parameters`() throws {
        #expect(try address("https://a.example/b?signature=secret").shown == "https://a.example/b")
    }

    @Test(arguments: [
        ("https://a.example/x", "https://A.example:443/y?z", true), ("http://a.example/", "https://a.example/", false),
        ("http://a.example/", "http://a.example:8080/", false), ("http://a.example/", "http://b.example/", false),
        ("http://a.example/", "http://a.example./", false),
    ])
    func `an origin is scheme, host and port`(one: String, other: String, isSame: Bool) throws {
        #expect(try address(one).hasSameOrigin(as: address(other)) == isSame)
        #expect(try (address(one).origin == address(other).origin) == isSame)
    }
}
