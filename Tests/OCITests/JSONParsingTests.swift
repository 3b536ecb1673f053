import Testing

@testable import OCI

@Suite struct JSONParsingTests {
    @Test(arguments: [
        (#" { "z" : [ 1 , -2.5e+3 ] , "a" : {} } "#, #"{"z":[1,-2.5e+3],"a":{}}"#),
        (#""A\/\n\ud83d\udc33\ud83dx""#, "\"A/\\n🐳\u{fffd}x\""), ("12345678901234567890", "12345678901234567890"),
        ("[]", "[]"), ("[[true],false,null]", "[[true],false,null]"),
    ])
    func `documents keep their order and their numbers`(text: String, again: String) throws {
        let json = try JSON(parsing: Array(text.utf8), subject: "t")
        #expect(String(decoding: json.encoded(), as: UTF8.self) == again)
    }

    @Test(arguments: [
        "", "{", "[1,]", "[1 2]", #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, #""a"#, "\"\n\"", #""\q""#, #""\u12""#, "tru",
        "1 2",
        "{}x", "--1", ",", String(repeating: "[", count: 70) + String(repeating: "]", count: 70),
    ])
    func `what is not JSON is named with its place`(text: String) {
        let problem = #expect(throws: OCIError.self) { try JSON(parsing: Array(text.utf8), subject: "the file") }
        #expect(problem?.reason.hasPrefix("the file: not JSON at byte ") == true)
    }
}
