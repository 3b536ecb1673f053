/// The Dockerfiles that engines get.

import Testing

@testable import Dockerfile

@Suite struct HeadTextTests {
    private static let options = EvaluationOptions(projectImages: ["base": "base"])

    private func heads(_ text: String, isWhole: Bool = false) throws -> [String] {
        let file = try Dockerfile.parse(text)
        return try file.evaluate(Self.options).split(isWhole: isWhole).heads.map { head in
            try file.text(of: head) { base, _ in
                switch base {
                case .project(let name): "here/\(name)@1"
                case .external(let name): "there/\(name)@2"
                case .scratch, .stage: "wrong"
                }
            }
        }
    }

    @Test func `without the language that cannot be had, all else stands where it stood`() throws {
        let directives = "# syntax=docker/dockerfile:1\n# escape=`\n# check=skip=all\n"
        let file = try Dockerfile.parse(directives + "FROM scratch\nRUN a `\n  b\n")
        let head = try #require(try file.evaluate(Self.options).split().heads.first)
        let text = try file.text(of: head, keepsSyntax: false) { _, _ in "" }
        #expect(text == "# escape=`\n# check=skip=all\n#\nFROM scratch AS stage-0\nRUN a `\n  b\n")
        #expect(try evaluate(text).syntax == nil)
    }

    @Test func `lines stand where they stood, and bases are named exactly`() throws {
        let text = """
            # syntax=docker/dockerfile:1
            # escape=\\

            ARG V=1
            FROM base AS unused
            COPY a b
            # a comment

            FROM os:${V}
            # another
            ARG V
            RUN a \\
              # within
              b
            COPY c d
            """
        let expected = """
            # syntax=docker/dockerfile:1
            # escape=\\

            ARG V=1




            FROM there/os:1@2 AS stage-1

            ARG V
            RUN a \\
              # within
              b

            """
        #expect(try heads(text) == [expected])
    }

    @Test func `stages and images are named wherever they are read`() throws {
        let text = """
            FROM base AS One
            RUN a
            FROM scratch AS two
            COPY --chown=1 \\
              --from=0 a b
            COPY --from=base a --from=base
            RUN --mount=type=bind,from=one,target=/a --mount="from=os,target=/b" --network=none c from=one
            ADD d e
            RUN f
            """
        let expected = """
            FROM here/base@1 AS one
            RUN a
            FROM scratch AS two
            COPY --chown=1 \\
              --from=one a b
            COPY --from=here/base@1 a --from=base
            RUN --mount=type=bind,from=one,target=/a --mount="from=there/os@2,target=/b" --network=none c from=one
            ADD d e
            RUN f

            """
        #expect(try heads(text) == [expected])
    }

    @Test func `comments and quotes take no name away`() throws {
        let text = """
            FROM base AS one
            RUN a
            FROM base AS two
            RUN \\
              # --mount=type=bind,from=one,target=/c
              --mount='type=bind,from=one,target=/a' \\
              --mount=from="base",target=/b \\
              b
            COPY \\
              # --from=9
              --from="base" a b
            RUN c
            """
        let last = try #require(try heads(text).last)
        #expect(last.contains("  # --mount=type=bind,from=one,target=/c\n  --mount='type=bind,from=one,target=/a'"))
        #expect(last.contains("--mount=from=\"here/base@1\",target=/b"))
        #expect(last.contains("  # --from=9\n  --from=\"here/base@1\" a b\n"))
    }

    @Test func `a name that is not found is told, and no engine sees the file`() throws {
        let text = "FROM base AS one\nFROM base\nRUN --mount=type=bind,\\\nfrom=one,target=/a b"
        #expect(throws: DockerfileProblem.self) { try heads(text) }
    }

    @Test func `where triggers may count stages, none goes away`() throws {
        let text = "FROM base AS unused\nCOPY a b\nFROM os AS one\nONBUILD COPY a b\nFROM one\nRUN c"
        let expected = """
            FROM scratch

            FROM there/os@2 AS one
            ONBUILD COPY a b
            FROM one AS stage-2
            RUN c

            """
        #expect(try heads(text) == [expected])
    }

    @Test func `a stage that has another one's usual name keeps it`() throws {
        let text = "FROM base AS stage-1\nRUN a\nFROM os\nCOPY --from=stage-1 b c\nRUN d"
        #expect(try heads(text).last?.contains("FROM there/os@2 AS imgwatch-stage-1\nCOPY --from=stage-1 ") == true)
    }

    @Test func `here-documents stay whole`() throws {
        let text = "FROM base\nRUN <<A cat - <<B\none --from=x\nA\n\n# two\nB\nRUN c\nCOPY d e"
        #expect(
            try heads(text) == ["FROM here/base@1 AS stage-0\nRUN <<A cat - <<B\none --from=x\nA\n\n# two\nB\nRUN c\n"]
        )
    }

    @Test func `of two stages with one name, each is meant where it was`() throws {
        let text = "FROM base AS a\nFROM os AS a\nCOPY --from=0 b c\nRUN d"
        let expected = "FROM here/base@1 AS stage-0\nFROM there/os@2 AS stage-1\nCOPY --from=stage-0 b c\nRUN d\n"
        #expect(try heads(text) == [expected])
    }

    @Test func `what is exported stands in a stage of its own`() throws {
        let text = "FROM base AS a\nRUN b\nFROM scratch\nCOPY --from=a /x$ \"/y z\" /\\\"q\\\\ /w/\n"
        let expected = """
            FROM here/base@1 AS a
            RUN b
            FROM scratch
            COPY --from=a ["/x\\\\$", "/x\\\\$"]
            COPY --from=a ["/y z", "/y z"]

            """
        let made = try #require(try heads(text.replacing(" \"/y z\" /\\\"q\\\\", with: "")).first)
        #expect(made == expected.replacing("COPY --from=a [\"/y z\", \"/y z\"]\n", with: ""))
        let json = "FROM base AS a\nRUN b\nFROM scratch\nCOPY --from=a [\"/y z\", \"/w/\"]\n"
        #expect(try heads(json).first?.contains("COPY --from=a [\"/y z\", \"/y z\"]\n") == true)
    }
}
