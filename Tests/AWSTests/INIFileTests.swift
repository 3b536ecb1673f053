import Foundation
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct INIFileTests {
    private struct Question: Encodable { var files: [String] }

    private static let pieces = [
        "[a]", "[b]", "[profile c]", "[]", "[d", "[e] # f", "x = 1", "y=2 # no comment", "z : 3", "S3 =", "s3 =", "=",
        "= 4",
        "# 5", "; 6", "u", "v = w = x", "t:u=v", "", "  ", "[f]g]", "é = ü", "p = [q]",
    ]

    /// Lines that begin anywhere; of two files one is mostly right.
    private static func random(_ chance: inout SplitMix) -> String {
        let lines = (0..<Int.random(in: 0...9, using: &chance)).map { _ in
            let indentation = ["", "", "", "  ", "    ", "\t"].randomElement(using: &chance) ?? ""
            return indentation + (pieces.randomElement(using: &chance) ?? "")
        }
        let start = Bool.random(using: &chance) ? "[start]\n" : ""
        return start + lines.joined(separator: Bool.random(using: &chance) ? "\n" : "\r\n")
    }

    @Test(.enabled(if: Botocore.isThere, "no Python here has botocore"))
    func `random files are read as botocore reads them`() async throws {
        var chance = SplitMix(seed: 4711)
        let texts = (0..<2000).map { _ in Self.random(&chance) }
        let answer = try JSON(parsing: Array(try await Botocore.ask(Question(files: texts))), subject: "files")
        let files = try #require(answer["files"]?.array)
        #expect(files.count == texts.count && files.count { $0 != .null } > 300)
        for (text, theirs) in zip(texts, files) {
            let ours = try? INIFile(parsing: text, path: "f")
            #expect(ours.map(Self.lines) == Self.lines(theirs), "\(text.debugDescription)")
        }
    }

    /// Without empty lines within a value, which mean nothing.
    private static func line(_ section: String, _ key: String, _ value: String) -> String {
        let lines = value.split(separator: "\n").joined(separator: "|")
        return "\(section)/\(key) = \(lines)"
    }

    private static func lines(_ file: INIFile) -> [String] {
        let lines = file.sections.flatMap { name, section in
            section.values.map { line(name, $0.key, $0.value) }
                + section.blocks.flatMap { key, block in block.map { line(name, "\(key)/\($0.key)", $0.value) } }
        }
        return (lines + file.names).sorted()
    }

    private static func lines(_ file: JSON) -> [String]? {
        guard let sections = file.members else { return nil }
        let lines = sections.flatMap { section in
            (section.value.members ?? []).flatMap { member in
                guard let block = member.value.members else {
                    return [line(section.key, member.key, member.value.text ?? "")]
                }
                return block.map { line(section.key, "\(member.key)/\($0.key)", $0.value.text ?? "") }
            }
        }
        return (lines + sections.map(\.key)).sorted()
    }

    @Test func `sections, keys and blocks are read`() throws {
        let text = """
            \u{FEFF}# first
            [default]   ; of mine
            Region=eu-west-1
            output : json
              # a comment further in
            empty =
            url = https://a.example/?b=c # no comment
            s3 =

                addressing_style = path
                Payload_Signing = x = y
              ; and this neither
            lines = one
              two
            [profile "a b"]\r
            region = us-east-1\r
            []
            """.replacing("[]", with: "[x]y]")
        let file = try INIFile(parsing: text, path: "config")
        #expect(file.names == ["default", "profile \"a b\"", "x]y"])
        let section = try #require(file.sections["default"])
        #expect(
            section.values == [
                "region": "eu-west-1", "output": "json", "empty": "", "url": "https://a.example/?b=c # no comment",
                "lines": "one\ntwo",
            ]
        )
        #expect(section.blocks == ["s3": ["addressing_style": "path", "Payload_Signing": "x = y"]])
        #expect(file.sections["profile \"a b\""]?["region"] == "us-east-1")
    }

    @Test(arguments: [
        ("[a]\n\nx\n", "f:3: this is neither a [section] nor `key = value`"),
        ("[a]\n= x\n", "f:2: this is neither a [section] nor `key = value`"),
        ("[a\n", "f:1: this stands before the first [section]"),
        ("# x\nb = 1\n[a]\n", "f:2: this stands before the first [section]"),
        ("[a]\n[b]\n[a]\n", "f:3: there is a second [a]"),
        ("[a]\nx = 1\nX = 2\n", "f:3: x is there twice in [a]"),
        ("[a]\ns3 =\n  a = b\n  c\nd = e\n", "f:2: the block s3 has a line without `=`"),
    ])
    func `a mistake is told with its line, and without what stands there`(text: String, reason: String) {
        #expect { try INIFile(parsing: text, path: "f") } throws: { ($0 as? AWSError)?.reason == reason }
    }
}
