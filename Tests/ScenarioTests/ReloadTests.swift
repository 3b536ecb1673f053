import Foundation
import Testing

/// The configuration and what it names are edited while the loop runs.
@Suite(.serialized) struct ReloadTests {
    private func edit(_ project: TemporaryProject, _ path: String, _ old: String, _ new: String) throws {
        let text = try project.read(path)
        #expect(text.contains(old))
        try project.write(path, text.replacing(old, with: new))
    }

    @Test func `a broken configuration is told, the old one stays in force, and the mended one goes on`() async throws {
        let (project, loop) = try await Branches.started()
        let good = try project.read(".imgwatch")
        var mark = loop.mark
        try project.write(".imgwatch", good + "  third:\n    dockerfil: Dockerfile.left\n    needs: [nobody]\n")
        let broken = try await loop.settle(from: mark, until: "diagnostics") { $0.contains { !$0.diagnostics.isEmpty } }
        let told = try #require(broken.first { !$0.diagnostics.isEmpty })
        #expect(told.event == "failed" && told.node.isEmpty)
        #expect(Set(told.diagnostics).isSuperset(of: ["config-unknown-key", "config-unknown-name"]))
        #expect(broken.nodes("started").isEmpty)

        mark = loop.mark
        try project.write("left.txt", "two")
        try await loop.publication(of: "both", from: mark)
        #expect(try project.shown("both", by: loop) == Branches.both(left: "two", right: "one"))

        mark = loop.mark
        try project.write(".imgwatch", good)
        let mended = try await loop.settle(from: mark, after: "notice")
        #expect(mended.nodes("started").isEmpty)
        mark = loop.mark
        try project.write("left.txt", "three")
        try await loop.publication(of: "both", from: mark)
        try await loop.end()
    }

    @Test func `a configuration that is written in steps is not told as broken`() async throws {
        let (project, loop) = try await Branches.started()
        let good = try project.read(".imgwatch")
        let image = "  third:\n    dockerfile: Dockerfile.third\n"
        let mark = loop.mark
        try project.remove(".imgwatch")
        try project.write(".imgwatch", good + image)
        // As git writes a checkout: one file after the other, with its lock beside them.
        try project.write(".git/index.lock", "")
        await Pause.of(milliseconds: 250)
        try project.write("Dockerfile.third", "FROM scratch\nCOPY static.txt /\n")
        try project.remove(".git/index.lock")
        let lines = try await loop.settle(from: mark, until: "third") { $0.nodes("pushed") == ["third"] }
        #expect(lines.allSatisfy(\.diagnostics.isEmpty) && lines.nodes("failed").isEmpty)
        #expect(lines.nodes("started") == ["third"])
        try await loop.end()
    }

    @Test func `half a Dockerfile, and half an ignore file, make no image`() async throws {
        let project = try TemporaryProject([
            "data/a.txt": "a", "data/secret": "s", "Dockerfile": "FROM scratch\nCOPY data /\n",
            ".dockerignore": "none\n",
            ".imgwatch": "images:\n  app:\n",
        ])
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        for (path, halves) in [
            (".dockerignore", ["none\n", "data/secret\n"]), ("Dockerfile", ["FROM scratch\n", "COPY data /data/\n"]),
        ] {
            let mark = loop.mark
            let file = try #require(fopen(project.root.appending(path: path).path(), "w"))
            fputs(halves[0], file)
            fflush(file)
            // What is told of both: another edit that is due.
            try project.write("data/a.txt", path)
            await Pause.of(milliseconds: 600)
            #expect(loop.lines.dropFirst(mark).allSatisfy { $0.event != "pushed" && $0.event != "reloaded" })
            fputs(halves[1], file)
            fclose(file)
            let lines = try await loop.settle(from: mark, until: "app pushed") { $0.nodes("pushed") == ["app"] }
            #expect(lines.nodes("failed").isEmpty)
        }
        #expect(try project.shown("app", by: loop) == ["data/a.txt": "Dockerfile"])
        try await loop.end()
    }

    @Test func `a configuration that is gone for a while changes nothing`() async throws {
        let (project, loop) = try await Branches.started()
        let good = try project.read(".imgwatch")
        var mark = loop.mark
        try project.remove(".imgwatch")
        try await loop.settle(from: mark, until: "a failure") { $0.contains { !$0.diagnostics.isEmpty } }
        try project.write(".imgwatch", good)
        try await loop.settle(from: mark, after: "notice")
        mark = loop.mark
        try project.write("right.txt", "two")
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(lines.nodes("started").filter { $0.hasPrefix("left") }.isEmpty)
        try await loop.end()
    }

    @Test func `steps and images come, change and go while the loop runs`() async throws {
        let (project, loop) = try await Branches.started()
        let good = try project.read(".imgwatch")
        let step =
            "  extra:\n    run: mkdir -p out && cp static.txt out/extra\n    inputs: [static.txt]\n"
            + "    outputs: [out/extra]\n"
        let image = "  extra-image:\n    dockerfile: Dockerfile.extra\n    needs: [extra]\n"
        try project.write("Dockerfile.extra", "FROM scratch\nCOPY out/extra /\n")
        var mark = loop.mark
        try project.write(".imgwatch", good.replacing("images:\n", with: step + "images:\n") + image)
        let added = try await loop.settle(from: mark, until: "extra-image") { $0.nodes("pushed") == ["extra-image"] }
        #expect(added.contains { $0.event == "reloaded" })
        #expect(added.nodes("started") == ["extra", "extra-image"], "what did not change was run")
        #expect(try project.shown("extra-image", by: loop) == ["extra": "static\n"])

        mark = loop.mark
        try edit(project, ".imgwatch", "cp static.txt out/extra", "sed s/static/changed/ static.txt > out/extra")
        let changed = try await loop.settle(from: mark, until: "extra-image") { $0.nodes("pushed") == ["extra-image"] }
        #expect(changed.nodes("started") == ["extra", "extra-image"])
        #expect(try project.shown("extra-image", by: loop) == ["extra": "changed\n"])

        mark = loop.mark
        try project.write(".imgwatch", good)
        let removed = try await loop.settle(from: mark, after: "reloaded")
        #expect(removed.nodes("started").isEmpty)
        mark = loop.mark
        try project.write("static.txt", "edited\n")
        #expect(try await loop.settle(from: mark).nodes("started") == ["both"])
        try await loop.end()
    }

    @Test func `a step that leaves the configuration while it runs is ended`() async throws {
        let (project, loop) = try await Branches.started()
        let mark = loop.mark
        try project.write("left.txt", "endless")
        let group = try await loop.group(of: "left", from: mark)
        let text = try project.read(".imgwatch")
        let left = try #require(text.range(of: "  left:\n")), right = try #require(text.range(of: "  right:\n"))
        let images = """
            images:
              right-image:
                dockerfile: Dockerfile.right
                needs: [right]

            """
        let steps = text[..<left.lowerBound] + text[right.lowerBound...]
        let end = try #require(steps.range(of: "images:\n"))
        try project.write(".imgwatch", steps[..<end.lowerBound] + images)
        try await loop.settle(from: mark, after: "reloaded")
        #expect(RunMark.members(ofGroup: group).isEmpty)
        #expect(try await loop.end() == 0)
    }

    @Test func `a definition that changes during a run starts it again`() async throws {
        let (project, loop) = try await Branches.started()
        var mark = loop.mark
        try project.write("left.txt", "slow 60")
        let group = try await loop.group(of: "left", from: mark)
        mark = loop.mark
        try edit(project, ".imgwatch", "run: sh step.sh left", "run: mkdir -p out && echo other > out/left")
        try await loop.publication(of: "both", from: mark)
        #expect(RunMark.members(ofGroup: group).isEmpty)
        #expect(try project.shown("both", by: loop)["left"] == "other\n")
        try await loop.end()
    }

    @Test func `a Dockerfile's comment builds nothing, an instruction does`() async throws {
        let (project, loop) = try await Branches.started()
        let text = try project.read("Dockerfile.both")
        var mark = loop.mark
        try project.write("Dockerfile.both", "# a comment\n" + text)
        try project.write("right.txt", "two")
        let comment = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed").contains("both") }
        #expect(comment.nodes("started").filter { $0 == "both" }.count == 1, "once, and for the step")
        mark = loop.mark
        try project.write("Dockerfile.both", "# another comment\n\n" + text)
        let alone = try await loop.settle(from: mark, after: "reloaded")
        #expect(alone.nodes("started").isEmpty && alone.nodes("reused").isEmpty)
        mark = loop.mark
        try project.write("more.txt", "more\n")
        try project.write("Dockerfile.both", text + "COPY more.txt /\nENV A=b\n")
        let lines = try await loop.settle(from: mark, until: "both pushed") { $0.nodes("pushed") == ["both"] }
        #expect(lines.nodes("started") == ["both"])
        #expect(try project.shown("both", by: loop)["more.txt"] == "more\n")
        mark = loop.mark
        try project.write("more.txt", "edited\n")
        #expect(try await loop.settle(from: mark).nodes("started") == ["both"])
        try await loop.end()
    }

    @Test func `a Dockerfile that breaks is told with its line, and mended goes on`() async throws {
        let (project, loop) = try await Branches.started()
        let text = try project.read("Dockerfile.both")
        var mark = loop.mark
        try project.write("Dockerfile.both", text + "RUNN make\n")
        let broken = try await loop.settle(from: mark, until: "diagnostics") { $0.contains { !$0.diagnostics.isEmpty } }
        #expect(broken.contains { $0.text.contains("\"file\":\"Dockerfile.both\",\"line\":3") })
        #expect(broken.nodes("started").isEmpty)
        mark = loop.mark
        try project.write("Dockerfile.both", text + "ENV A=b\n")
        try await loop.publication(of: "both", from: mark)
        try await loop.end()
    }

    @Test func `the ignore file decides what an image holds, also when it comes, changes and goes`() async throws {
        let project = try TemporaryProject([
            "data/a.txt": "a", "data/b.log": "b", "Dockerfile": "FROM scratch\nCOPY data /\n",
            ".imgwatch": "images:\n  app:\n",
        ])
        let loop = try RunningLoop(project)
        try await loop.publication(of: "app", from: 0)
        for (text, shown) in [("*/*.log\n", ["a.txt"]), ("*/a.txt\n", ["b.log"])] {
            let mark = loop.mark
            try project.write(".dockerignore", text)
            try await loop.publication(of: "app", from: mark)
            #expect(try project.shown("app", by: loop).keys.sorted() == shown)
        }
        var mark = loop.mark
        try project.write("data/a.txt", "ignored")
        try project.write("data/b.log", "read")
        let lines = try await loop.settle(from: mark, until: "app pushed") { $0.nodes("pushed") == ["app"] }
        #expect(lines.flatMap(\.paths).contains("data/a.txt") == false)
        mark = loop.mark
        try project.remove(".dockerignore")
        try await loop.publication(of: "app", from: mark)
        #expect(try project.shown("app", by: loop) == ["a.txt": "ignored", "b.log": "read"])
        try await loop.end()
    }

    @Test func `the variables of the environment file are read again`() async throws {
        let project = try TemporaryProject([
            ".env": "GREETING=hello\n", "a.txt": "a",
            ".imgwatch": """
            steps:
              greet: {run: 'echo "${GREETING}" > greeting', inputs: [a.txt], outputs: [greeting]}
            """,
        ])
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, until: "greet finished") { $0.nodes("finished") == ["greet"] }
        #expect(try project.read("greeting") == "hello\n")
        let mark = loop.mark
        try project.write(".env", "GREETING=goodbye\n")
        try await loop.settle(from: mark, until: "greet finished") { $0.nodes("finished") == ["greet"] }
        #expect(try project.read("greeting") == "goodbye\n")
        try await loop.end()
    }
}
