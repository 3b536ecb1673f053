/// XML as AWS's services send it.

import Testing

@testable import AWS

@Suite struct XMLNodeTests {
    @Test func `an error of S3 is read with its entities`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>NoSuchKey</Code><Message>a &lt;b&gt; &amp; &#39;c&#x27; &quot;d&quot;</Message><Empty/></Error>
            """
        let root = try #require(XMLNode(parsing: Array(text.utf8)))
        #expect(root.name == "Error")
        #expect(root["Code"]?.text == "NoSuchKey")
        #expect(root["Message"]?.text == "a <b> & 'c' \"d\"")
        #expect(root["Empty"]?.text == "")
    }

    @Test func `members of a list come in order`() throws {
        let text = "<R xmlns=\"x\"><List><member><K>1</K></member><member><K>2</K></member></List></R>"
        let root = try #require(XMLNode(parsing: Array(text.utf8)))
        #expect(root["List"]?.all("member").compactMap { $0["K"]?.text } == ["1", "2"])
    }

    @Test(arguments: ["", "plain", "<a>", "<a><b></a", "{\"a\": 1}", "</a>", String(repeating: "<a>", count: 100)])
    func `what is no XML is none`(text: String) {
        #expect(XMLNode(parsing: Array(text.utf8)) == nil)
    }
}
