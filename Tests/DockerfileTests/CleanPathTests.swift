/// Clean paths.

import Testing

@testable import Dockerfile

@Suite struct CleanPathTests {
    @Test(arguments: [
        ("", "."), (".", "."), ("/", "/"), ("//", "/"), ("a//b", "a/b"), ("a/./b/", "a/b"), ("a/..", "."),
        ("../a", "../a"), ("a/../../b", "../b"),
        ("/..", "/"), ("/../a", "/a"), ("/a/b/../../..", "/"), ("a/b/..", "a"), ("...", "..."),
    ])
    func `a path is made clean`(path: String, expected: String) { #expect(CleanPath.clean(path) == expected) }
}
