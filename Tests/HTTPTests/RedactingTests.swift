import Testing

@testable import HTTP

@Suite struct RedactingTests {
    private func secrets(_ texts: String...) -> Secrets {
        let secrets = Secrets()
        texts.forEach(secrets.add)
        return secrets
    }

    @Test(arguments: [
        ("no secret", "no secret"), ("it is geheim!", "it is ***!"), ("geheimgeheim", "******"),
        ("a longer geheimnis", "a longer ***"), ("abc stays", "abc stays"), ("geheim\u{301} too", "***\u{301} too"),
        ("", ""),
    ])
    func `a secret is three stars, the longest first`(text: String, shown: String) {
        #expect(secrets("geheim", "geheimnis", "abc").redact(text).unicodeScalars.elementsEqual(shown.unicodeScalars))
    }

    @Test func `what a server says back of them is taken out of refusals, and of nothing else`() async throws {
        let secrets = secrets("geheim", "YTovYjpj/w==")
        let server = FakeServer { request, _ in
            response(
                request.method == "GET" ? 401 : 201,
                ["X-Echo": "geheim"],
                #"{"a": "\u0067eheim YTovYjpj\/w== \n"}"#
            )
        }
        let send = Redacting.around(server.send, secrets)
        let refusal = try await send(HTTPRequest("GET", address("http://a.example/")))
        #expect(refusal["X-Echo"] == "***")
        #expect(String(decoding: refusal.body, as: UTF8.self) == #"{"a": "*** *** \n"}"#)
        let success = try await send(HTTPRequest("PUT", address("http://a.example/")))
        #expect(success["X-Echo"] == "geheim")
        #expect(String(decoding: success.body, as: UTF8.self).contains(#"\u0067eheim"#))
    }

    @Test func `errors show none either`() async throws {
        let server = FakeServer { (request, _) throws(HTTPError) in
            throw HTTPError(.other, request.address, "geheim is what it said")
        }
        let send = Redacting.around(server.send, secrets("geheim"))
        let request = HTTPRequest("GET", try address("http://geheim.example/x"))
        await #expect {
            _ = try await send(request)
        } throws: { error in
            guard let error = error as? HTTPError else { return false }
            return error.reason == "*** is what it said" && error.address == "http://***.example/x"
        }
    }

    @Test(arguments: [
        (#"a"#, #"a"#), (#"\/"#, "/"), (#"\u0041\u0042"#, "AB"), (#"\u0022\u005c\u000a"#, #"\u0022\u005c\u000a"#),
        (#"\\u0041"#, #"\\u0041"#), (#"\"\n"#, #"\"\n"#), (#"\"#, #"\"#), (#"\u00"#, #"\u00"#),
        (#"\u00e9"#, #"\u00e9"#),
    ])
    func `only what keeps JSON what it is, is unescaped`(text: String, plain: String) {
        #expect(String(decoding: Redacting.unescaped(Array(text.utf8)), as: UTF8.self) == plain)
    }
}
