import HTTP
import Testing

@testable import Registry

@Suite struct ChallengeTests {
    @Test(
        arguments: [
            ("", []), ("Basic", [("basic", [:])]), (#"Basic realm="rig""#, [("basic", ["realm": "rig"])]),
            (
                #"Bearer realm="https://a.example/token",service="a.example",scope="repository:x:pull,push""#,
                [
                    (
                        "bearer",
                        ["realm": "https://a.example/token", "service": "a.example", "scope": "repository:x:pull,push"]
                    )
                ]
            ),
            (
                #"  BEARER  Realm = "a" ,  SERVICE=b  ,,scope="c" "#,
                [("bearer", ["realm": "a", "service": "b", "scope": "c"])]
            ),
            (
                #"Basic realm="a, Bearer realm=\"b\"", Bearer realm="c""#,
                [("basic", ["realm": #"a, Bearer realm="b""#]), ("bearer", ["realm": "c"])]
            ),
            (
                #"Negotiate, Basic realm="a", Bearer realm="b",service="c""#,
                [("negotiate", [:]), ("basic", ["realm": "a"]), ("bearer", ["realm": "b", "service": "c"])]
            ),
            (
                "Negotiate TlRMTVNTUAAB, Basic realm=a",
                [("negotiate", [:]), ("tlrmtvntuaab", [:]), ("basic", ["realm": "a"])]
            ),
            (#"Bearer realm="never ends"#, [("bearer", [:])]),
            (#"Bearer realm="a\\b\"c""#, [("bearer", ["realm": #"a\b"c"#])]),
            ("=", []), (#""quoted""#, []), (#"Bearer realm="","#, [("bearer", ["realm": ""])]),
            ("Bearer\trealm=\"tab\"", [("bearer", ["realm": "tab"])]),
            ("Bearer realm", [("bearer", [:]), ("realm", [:])]),
        ] as [(String, [(String, [String: String])])]
    )
    func `a header holds challenges`(text: String, found: [(String, [String: String])]) {
        #expect(Challenge.parse(text) == found.map { Challenge(scheme: $0.0, parameters: $0.1) })
    }

    @Test func `several headers are one list`() throws {
        var answer = HTTPResponse(status: 401, address: try address("http://a.example/"))
        answer.headers = [
            HTTPHeader("www-authenticate", "Negotiate"), HTTPHeader("X", "Basic realm=no"),
            HTTPHeader("WWW-Authenticate", #"Bearer realm="b""#),
        ]
        #expect(Challenge.all(in: answer).map(\.scheme) == ["negotiate", "bearer"])
    }
}
