import Testing

@testable import HTTP

@Suite struct MessageTests {
    @Test func `a header that is set takes the place of those of its name`() throws {
        var request = HTTPRequest("GET", try address("http://a.example/"))
        request.headers = [HTTPHeader("accept", "a"), HTTPHeader("Range", "b"), HTTPHeader("ACCEPT", "c")]
        request.set("Accept", "d")
        #expect(request.headers == [HTTPHeader("Range", "b"), HTTPHeader("Accept", "d")])
    }

    @Test func `headers are found in any case, the first one first`() throws {
        let address = try address("http://a.example/")
        let answer = HTTPResponse(
            status: 204,
            headers: [HTTPHeader("LOCATION", "a"), HTTPHeader("location", "b")],
            address: address
        )
        #expect(answer["Location"] == "a")
        #expect(answer.all("Location") == ["a", "b"])
        #expect(answer["Range"] == nil)
        #expect(answer.isSuccess)
        #expect(!response(199).isSuccess && !response(300).isSuccess)
    }

    @Test(arguments: [(HTTPBody.none, 0), (.bytes([1, 2]), 2), (.file(path: "/a", offset: 7, length: 5), 5)])
    func `a body has a length`(body: HTTPBody, length: Int) { #expect(body.length == length) }
}
