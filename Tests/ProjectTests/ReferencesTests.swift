import Testing

@testable import Project

@Suite struct ReferencesTests {
    @Test(arguments: ["a", "web", "a1", "a.b", "a_b", "a__b", "a-b", "a--b", "0"])
    func `an image's name is a component of a repository`(name: String) {
        #expect(ReferenceSyntax.imageNameFault(name) == nil)
    }

    @Test(arguments: ["", "A", "a/b", "-a", "a-", "a..b", "a___b", "a._b", "é", "scratch", "a b", "a:b"])
    func `any other name of an image is refused`(name: String) {
        #expect(ReferenceSyntax.imageNameFault(name) != nil)
    }

    @Test(arguments: ["Web App", "-a-", "É", "", "scratch", "a..b", String(repeating: "a", count: 99) + "--b", "x/y"])
    func `a suggested name is valid`(text: String) {
        #expect(ReferenceSyntax.imageNameFault(ReferenceSyntax.suggestedName(for: text)) == nil)
    }

    @Test(arguments: [
        ("build-UI.2", true), ("_a", false), ("-a", false), ("", false), ("a b", false), ("a/b", false), ("9", true),
    ])
    func `a step's name is one word`(name: String, isValid: Bool) {
        #expect((ReferenceSyntax.stepNameFault(name) == nil) == isValid)
    }

    @Test(arguments: [
        ("dev", true), ("_x", true), ("A.b-c", true), ("", false), (".a", false), ("-a", false), ("a b", false),
        ("git-x", false), ("key-1", false), (String(repeating: "a", count: 128), true),
        (String(repeating: "a", count: 129), false),
    ])
    func `an alias is a tag that is not one of imgwatch's own`(alias: String, isValid: Bool) {
        #expect((ReferenceSyntax.aliasFault(alias) == nil) == isValid)
    }

    @Test(arguments: [
        ("localhost:5000/shop", true), ("registry.example.com", true), ("10.0.0.1:443/a/b", true),
        ("docker.io/x", true),
        ("https://a.b/c", false), ("a.b/C", false), ("a.b:0", false), ("a.b:x", false), ("a.b/c:tag", false),
        ("", false),
        ("-a.b", false), ("a.b/", false), ("a:1:2", false), ("a b", false),
    ])
    func `a registry is a host and a path`(text: String, isValid: Bool) {
        #expect((ReferenceSyntax.registryFault(text) == nil) == isValid)
    }
}
