import Testing

@testable import Project

@Suite struct TagTemplateTests {
    private static let key = String(repeating: "0123456789abcdef", count: 4)

    @Test(arguments: [
        ("stable", "stable", "stable", "stable"), ("git-{commit}", "git-ff82", "git-ff82", nil),
        ("git-{commit}{dirty}", "git-ff82", "git-ff82-dirty", nil),
        ("key-{key}", "key-0123456789ab", "key-0123456789ab", "key-0123456789ab"),
        ("{image}-{key}{dirty}", "web-0123456789ab", "web-0123456789ab-dirty", "web-0123456789ab"),
        ("v1.{image}", "v1.web", "v1.web", "v1.web"), ("{commit}", "ff82", "ff82", nil),
    ])
    func `a template makes a tag of what is known`(text: String, clean: String, dirty: String, none: String?) throws {
        let template = try TagTemplate(parsing: text)
        #expect(template.tag(commit: "ff82", isDirty: false, key: Self.key, image: "web") == clean)
        #expect(template.tag(commit: "ff82", isDirty: true, key: Self.key, image: "web") == dirty)
        #expect(template.tag(commit: nil, isDirty: false, key: Self.key, image: "web") == none)
        #expect(template.text == text)
        #expect(template.isStatic == !(text.contains("{commit}") || text.contains("{key}")))
    }

    @Test func `what gets too long is no tag`() throws {
        let template = try TagTemplate(parsing: "{image}-{key}")
        let tag = { template.tag(commit: nil, isDirty: false, key: Self.key, image: String(repeating: "a", count: $0)) }
        #expect(tag(115)?.utf8.count == 128)
        #expect(tag(116) == nil)
    }

    @Test(arguments: [
        "", ".a", "-a", "a b", "a/b", "é", "git-a", "key-", "git-{image}", "key-{dirty}", "{dirty}", "{dirty}-a",
        "{commit", "commit}", "{}", "{Commit}", "{sha}", "{{commit}}", "a:{key}", String(repeating: "a", count: 129),
    ])
    func `what can make no tag, or would look like another kind of tag, is refused`(text: String) {
        #expect(throws: NameFault.self) { try TagTemplate(parsing: text) }
    }
}
