/// What is read of a context.

import Testing

@testable import Dockerfile

@Suite struct ContextSourceTests {
    @Test func `the context's sources are those of the needed stages, clean`() throws {
        let text = """
            FROM scratch AS a
            COPY --exclude=*.o src/ ./b/../c /d /
            FROM scratch AS unused
            COPY secret /
            FROM scratch
            COPY --from=a /x /y
            COPY . /all
            COPY <<E /inline
            E
            ADD https://a/b app/*.tar /z/
            COPY --parents e/./f/**/g /p
            """
        #expect(
            try evaluate(text).contextPaths == [
                ContextSource(path: "src", line: 2, excludes: ["*.o"]),
                ContextSource(path: "c", line: 2, excludes: ["*.o"]),
                ContextSource(path: "d", line: 2, excludes: ["*.o"]), ContextSource(path: "", line: 7),
                ContextSource(path: "app/*.tar", line: 10),
                ContextSource(path: "e/f/**/g", line: 11, keepsParents: true),
            ]
        )
    }

    @Test(arguments: [
        (".", ""), ("/", ""), ("", ""), ("./", ""), ("a/", "a"), ("/a//b/./c", "a/b/c"), ("../../a", "a"),
        ("a/../..", ""), ("a/./b", "a/b"), ("*/b", "*/b"),
    ])
    func `a source does not leave the context`(written: String, expected: String) {
        #expect(Copy.cleanedSource(written) == expected)
    }
}
