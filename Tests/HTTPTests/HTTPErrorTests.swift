import Testing

@testable import HTTP

@Suite struct HTTPErrorTests {
    @Test(arguments: [
        (HTTPError.Kind.unreachable, true), (.timedOut, true), (.cut, true), (.busy, true), (.untrusted, false),
        (.tooLong, false), (.refused, false), (.forbidden, false), (.denied, false), (.cancelled, false),
        (.other, false),
    ])
    func `some may pass by themselves`(kind: HTTPError.Kind, isTransient: Bool) throws {
        #expect(HTTPError(kind, try address("http://a.example/"), "so").isTransient == isTransient)
    }

    @Test func `an address is shown without its parameters`() throws {
        #expect(HTTPError(.cut, try address("http://a.example/x?token=secret"), "so").address == "http://a.example/x")
    }
}
