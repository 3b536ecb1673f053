/// JSON that every parser reads, whatever is in it.

import Foundation
import Testing

@testable import Reporting

@Suite struct JSONWriterTests {
    private func encoded(_ text: String) -> String {
        var writer = JSONWriter()
        writer.value(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("", #""""#), ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{1b}[0m", #""\u001b[0m""#),
        ("\u{0}", #""\u0000""#), ("\u{7f}\u{9b}", #""\u007f\u009b""#), ("\u{2028}", #""\u2028""#), ("ü写😀", #""ü写😀""#),
    ])
    func `a text is escaped where it must be`(text: String, json: String) {
        #expect(encoded(text) == json)
    }

    @Test func `every character of the first two planes comes back`() throws {
        for start in stride(from: UInt32(0), to: 0x20000, by: 0x100) {
            let text = String(String.UnicodeScalarView((start..<start + 0x100).compactMap(Unicode.Scalar.init)))
            let parsed = try JSONSerialization.jsonObject(with: Data(encoded(text).utf8), options: .fragmentsAllowed)
            #expect(try #require(parsed as? String).unicodeScalars.elementsEqual(text.unicodeScalars))
        }
    }

    @Test func `members are separated, absent ones leave no trace`() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("a", nil as String?)
            writer.member("b", 1)
            writer.member("c", nil as Int?)
            writer.member("d", ["x", "{"])
            writer.member("e", [])
            writer.member("f", "[")
            writer.key("g")
            writer.array([1, 2]) { writer, number in writer.object { $0.member("n", number) } }
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"b":1,"d":["x","{"],"e":[],"f":"[","g":[{"n":1},{"n":2}]}"#
        )
    }
}
