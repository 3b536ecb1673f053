import Testing

@testable import Serving

@Suite struct ControlRequestTests {
    static func reading(_ text: String) -> ControlRequest.Reading { ControlRequest.reading(Array(text.utf8)) }

    @Test(arguments: ["\r\n", "\n"]) func `a request is there when its last line and its body are`(end: String) {
        let head = ["POST /v1/stop?now HTTP/1.1", "Host: a", "content-LENGTH: 3", "", ""].joined(separator: end)
        for count in 0..<head.utf8.count { #expect(Self.reading(String(head.prefix(count))) == .more) }
        #expect(Self.reading(head + "ab") == .more)
        #expect(Self.reading(head + "abc") == .request(ControlRequest("POST", "/v1/stop")))
    }

    @Test(arguments: [
        "hello\n", "GET /v1/status\r\n", "GET v1 HTTP/1.1\r\n", "get / HTTP/1.1\r\n", "GET / HTTP/2\r\n", "\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\n",
    ])
    func `what is no request is refused at its first line`(text: String) {
        #expect(Self.reading(text) == .refusal(.garbage))
    }

    @Test func `a request has limits`() {
        let long = String(repeating: "a", count: ControlServer.Limits.head)
        #expect(Self.reading(long) == .more)
        #expect(Self.reading(long + "a") == .refusal(.tooLong))
        #expect(Self.reading("GET / HTTP/1.1\r\nA: \(long)") == .refusal(.tooLong))
        let length = ControlServer.Limits.body + 1
        #expect(Self.reading("POST / HTTP/1.1\r\nContent-Length: \(length)\r\n\r\n") == .refusal(.tooLong))
        #expect(Self.reading("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == .refusal(.unsupported))
    }

    @Test func `an answer is read as it was written, or not at all`() {
        let answer = ControlAnswer(409, error: "imgwatch is ending")
        #expect(ControlAnswer(answer.bytes) == answer)
        for count in answer.bytes.indices { #expect(ControlAnswer(Array(answer.bytes.prefix(count))) == nil) }
        #expect(ControlAnswer(Array("220 mail ESMTP\r\n\r\n".utf8)) == nil)
    }
}
