import Testing

@testable import OCI

@Suite struct JSONEncodingTests {
    @Test(arguments: [
        ("plain", #""plain""#), ("\"\\", #""\"\\""#), ("a\nb\tc\rd", #""a\nb\tc\rd""#),
        ("\u{8}\u{c}\u{1}\u{7f}", "\"\\b\\f\\u0001\u{7f}\""), ("<a & b>", #""\u003ca \u0026 b\u003e""#),
        ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("grün 🐳", "\"grün 🐳\""),
    ])
    func `a text is quoted as Go quotes it`(text: String, quoted: String) {
        #expect(String(decoding: JSON.text(text).encoded(), as: UTF8.self) == quoted)
    }

    @Test func `indentation is Go's`() {
        let json = JSON.object([
            .init("a", .array([.integer(1), .null])), .init("b", .array([])), .init("c", .object([])),
        ])
        let text = "{\n  \"a\": [\n    1,\n    null\n  ],\n  \"b\": [],\n  \"c\": {}\n}"
        #expect(String(decoding: json.indented(), as: UTF8.self) == text)
        #expect(String(decoding: json.encoded(), as: UTF8.self) == #"{"a":[1,null],"b":[],"c":{}}"#)
    }
}
