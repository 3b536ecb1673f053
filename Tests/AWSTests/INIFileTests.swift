import Testing

@testable import AWS

@Suite struct INIFileTests {
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
