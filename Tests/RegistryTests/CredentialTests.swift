import Foundation
import Testing

@testable import Registry

@Suite struct CredentialTests {
    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func found(_ entry: String, _ keys: [String] = ["a.example"], as key: String = "a.example") -> Credential? {
        CredentialFile(Array(#"{"auths":{"\#(key)":\#(entry)}}"#.utf8))?.entry(for: keys)?.credential
    }

    @Test func `an entry is a password or a token`() {
        let password = Credential.password(user: "me", password: "it:is")
        #expect(found(#"{"auth":"\#(base64("me:it:is"))"}"#) == password)
        #expect(found(#"{"auth":"\#(base64("me:it:is\0\0"))"}"#) == password)
        #expect(found(#"{"username":"me","password":"it:is"}"#) == password)
        #expect(found(#"{"auth":"\#(base64("me:x"))","identitytoken":"i"}"#) == .identityToken("i"))
        #expect(found(#"{"registrytoken":"r","identitytoken":"i"}"#) == .registryToken("r"))
        #expect(found(#"{"auth":"\#(base64(":x"))"}"#) == .password(user: "", password: "x"))
        let accented = "me\u{301}:\u{301}x"
        #expect(found(#"{"auth":"\#(base64(accented))"}"#) == .password(user: "me\u{301}", password: "\u{301}x"))
    }

    @Test(arguments: [
        "{}", #"{"auth":""}"#, #"{"auth":"?"}"#, #"{"auth":"bm9jb2xvbg=="}"#, "null", "1", #"{"username":"me"}"#,
        #"{"username":"","password":"x"}"#, #"{"identitytoken":"","registrytoken":""}"#,
    ])
    func `an entry that says nothing is none`(entry: String) { #expect(found(entry) == nil) }

    @Test(arguments: [
        ("a.example", true), ("https://a.example", true), ("https://a.example/v1/", true),
        ("http://a.example/v2/", true),
        ("a.example:5000", false), ("https://a.example:5000", false), ("b.example", false), ("a.example/x", false),
    ])
    func `a key may be an address`(key: String, isFound: Bool) {
        #expect((found(#"{"registrytoken":"r"}"#, as: key) != nil) == isFound)
    }

    @Test func `the most exact key counts`() {
        let text = #"{"auths":{"h":{"registrytoken":"host"},"h/a":{"registrytoken":"a"},"h/a/b":{}}}"#
        let file = CredentialFile(Array(text.utf8))
        #expect(file?.entry(for: ["h/a/b", "h/a", "h"])?.credential == .registryToken("a"))
        #expect(file?.entry(for: ["h/c", "h"])?.credential == .registryToken("host"))
    }

    @Test(arguments: ["", "{", "no JSON", "\u{0}"]) func `what is no JSON is no file`(text: String) {
        #expect(CredentialFile(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        (#"{"credHelpers":{"h":"one"},"credsStore":"all"}"#, "one", "h"), (#"{"credsStore":"all"}"#, "all", "last"),
        (#"{"credHelpers":{"h":"","x":"y"},"credsStore":"all"}"#, "all", "last"),
        (#"{"credHelpers":{"x":"y"}}"#, nil, nil), (#"{"credsStore":""}"#, nil, nil), ("[]", nil, nil),
    ])
    func `the host's own helper is asked before the one for all`(text: String, helper: String?, server: String?) {
        let found = CredentialFile(Array(text.utf8))?.helper(for: ["h", "last"])
        #expect((found?.helper, found?.server) == (helper, server))
    }

    @Test func `secrets are all the forms in which one is sent`() {
        #expect(Credential.none.secrets.isEmpty)
        let password = Credential.password(user: "me", password: "a/b c")
        #expect(password.secrets == ["a/b c", base64("me:a/b c"), "a%2Fb%20c"])
        #expect(password.basic == "Basic " + base64("me:a/b c"))
        #expect(Credential.identityToken("a/b").secrets == ["a/b", "a%2Fb"])
        #expect(Credential.registryToken("t").basic == nil)
    }
}
