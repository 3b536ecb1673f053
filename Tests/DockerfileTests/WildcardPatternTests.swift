/// The wildcards of COPY.

import Testing

@testable import Dockerfile

@Suite struct WildcardPatternTests {
    @Test(arguments: [
        ("a", "a", true), ("*", "a", true), ("*", "", true), ("*", "a/b", false), ("*c", "abc", true),
        ("a*", "a", true),
        ("a*/b", "abc/b", true), ("a*/b", "a/c/b", false), ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f", true), ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false),
        ("a*b?c*x", "abxbbxdbxebxczzx", true), ("a*b?c*x", "abxbbxdbxebxczzy", false), ("ab[c]", "abc", true),
        ("ab[b-d]", "abc", true), ("ab[e-g]", "abc", false), ("ab[^c]", "abc", false), ("ab[^e-g]", "abc", true),
        ("a\\*b", "a*b", true), ("a\\*b", "ab", false), ("a?b", "a☺b", true), ("a[^a]b", "a☺b", true),
        ("a???b", "a☺b", false),
        ("[a-ζ]*", "α", true), ("*[a-ζ]", "A", false), ("a?b", "a/b", false), ("a*b", "a/b", false),
        ("[\\]a]", "]", true),
        ("[\\-x]", "-", true), ("[x\\-]", "z", false), ("*x", "xxx", true), ("**", "ab", true), ("**/a", "b/a", true),
        ("**/a", "b/c/a", false), ("[z-a]", "m", false), ("[^z-a]", "m", true),
    ])
    func `a path fits`(pattern: String, path: String, expected: Bool) throws {
        #expect(try WildcardPattern(pattern).matches(path) == expected)
    }

    @Test(arguments: ["[", "[^", "[a", "a[", "[]a]", "[-]", "[x-]", "[-x]", "a\\", "[a-b-c]", "[\\"])
    func `a broken pattern is refused`(pattern: String) {
        let error = #expect(throws: DockerfileProblems.self) { try WildcardPattern(pattern) }
        #expect(error?.all.map(\.id) == ["dockerfile-pattern"])
    }

    @Test(arguments: [
        ("a", false), ("a*", true), ("?", true), ("[a]", true), ("\\*", false), ("a\\[b\\]", false), ("a]", false),
    ])
    func `wildcards are those that are not escaped`(pattern: String, expected: Bool) throws {
        #expect(try WildcardPattern(pattern).hasWildcards == expected)
    }
}
