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

    @Test func `JSON may hide one, and does not`() {
        let secrets = secrets("geheim", "YTovYjpj/w==")
        let body = secrets.redact(body: Array(#"{"a": "\u0067eheim YTovYjpj\/w== \n"}"#.utf8))
        #expect(String(decoding: body, as: UTF8.self) == #"{"a": "*** *** \n"}"#)
    }

    @Test func `tokens are forgotten when they are over, and there are never too many`() {
        let secrets = secrets("geheim")
        secrets.add("token one", until: .seconds(10), now: .zero)
        #expect(secrets.redact("geheim token one") == "*** ***")
        secrets.add("token two", until: .seconds(30), now: .seconds(9))
        #expect(secrets.redact("token one token two") == "*** ***")
        secrets.add("token three", until: .seconds(30), now: .seconds(11))
        #expect(secrets.redact("token one token two token three geheim") == "token one *** *** ***")
        for number in 0..<1000 {
            secrets.add("token \(10_000 + number)", until: .seconds(100 + number), now: .seconds(50))
        }
        let hidden = (0..<1000).count { secrets.redact("token \(10_000 + $0)") == "***" }
        #expect(hidden == Secrets.mostPassing)
        #expect(secrets.redact("token 10999 geheim") == "*** ***")
    }

    @Test(arguments: [
        (#"a"#, #"a"#), (#"\/"#, "/"), (#"\u0041\u0042"#, "AB"), (#"\u0022\u005c\u000a"#, #"\u0022\u005c\u000a"#),
        (#"\\u0041"#, #"\\u0041"#), (#"\"\n"#, #"\"\n"#), (#"\"#, #"\"#), (#"\u00"#, #"\u00"#),
        (#"\u00e9"#, #"\u00e9"#),
    ])
    func `only what keeps JSON what it is, is unescaped`(text: String, plain: String) {
        #expect(String(decoding: Secrets.unescaped(Array(text.utf8)), as: UTF8.self) == plain)
    }
}
