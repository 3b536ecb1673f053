import Testing

@testable import Project

@Suite struct RaceCheckTests {
    /// One step that writes `app/gen/`, `app/one.txt` and `ctx/`, and an image.
    private func ids(image: String, dockerfile: String, files: [String: String] = [:]) throws -> [String] {
        let configuration = """
            steps:
              gen: { run: x, outputs: [app/gen/, app/one.txt, ctx/] }
              after: { run: x, needs: [gen] }
            images:
              web: { \(image) }
            """
        let own = [".imgwatch": configuration, "Dockerfile": "FROM scratch\n" + dockerfile + "\n"]
        return LoaderTests.ids(try TemporaryFolder(own.merging(files) { $1 })).filter { $0 != "missing-input" }
    }

    @Test(arguments: [
        ("", "COPY . ."), ("", "COPY app /"), ("", "COPY app/* /"), ("", "COPY a*p/gen /"),
        ("", "COPY app/gen/deep/x /"),
        ("", "COPY app/one.txt /"), ("", "ADD app/one.* /"), ("", "COPY /app/./x/../gen /"),
        ("context: app", "COPY gen /"),
        ("context: ctx/deep, dockerfile: Dockerfile", "COPY x /"), ("", "COPY --exclude=*.md app/gen /"),
        ("ignore: app/gen/x", "COPY app/gen /"), ("ignore: ['app/gen', '!app/gen/x']", "COPY app/gen /"),
        ("ignore: app/gen", "COPY . ."), ("needs: []", "COPY app /"),
    ])
    func `an image that copies what a step writes must need it`(image: String, dockerfile: String) throws {
        let files = image.contains("context: app") ? ["app/Dockerfile": "FROM scratch\n" + dockerfile + "\n"] : [:]
        #expect(try ids(image: image, dockerfile: dockerfile, files: files) == ["race"])
    }

    @Test(arguments: [
        ("needs: [gen]", "COPY . ."), ("needs: [after]", "COPY . ."), ("", "COPY app/src /"), ("", "COPY app/gen* /x/"),
        ("ignore: [app/gen, app/one.txt, ctx]", "COPY . ."), ("ignore: ['**/gen']", "COPY app/gen /"),
        ("", "COPY *.txt /"),
        ("", "FROM scratch AS s\nFROM scratch\nCOPY --from=s app /"),
        ("target: first", "COPY x /\nFROM scratch\nCOPY . ."),
        ("", "COPY --exclude=gen --exclude=one.txt app /"), ("", "COPY app/two.txt /"),
    ])
    func `what is needed, ignored or not copied is no race`(image: String, dockerfile: String) throws {
        // `app/gen*` names the folder itself, so only this one of them is a race without its need.
        let isGlob = dockerfile.contains("gen*")
        let first = image.contains("first") ? ["Dockerfile": "FROM scratch AS first\n" + dockerfile + "\n"] : [:]
        #expect(try ids(image: image, dockerfile: dockerfile, files: first) == (isGlob ? ["race"] : []))
    }

    @Test(arguments: [
        ("inputs: [app/gen/**]", ["race"]), ("inputs: [app]", ["race"]), ("inputs: ['**/*.txt']", ["race"]),
        ("inputs: ['app/*.c']", []), ("inputs: [app/gen/**], needs: [after]", []),
        ("inputs: [app/gen], needs: [gne]", ["config-unknown-name"]),
        ("inputs: [own/**], outputs: [own/]", []),
    ])
    func `a step that reads what another writes must need it`(step: String, expected: [String]) throws {
        let configuration = """
            steps:
              gen: { run: x, outputs: [app/gen/, app/one.txt] }
              after: { run: x, needs: [gen] }
              reader: { run: x, \(step) }
            """
        #expect(LoaderTests.ids(try TemporaryFolder([".imgwatch": configuration])) == expected)
    }

    @Test func `an output without a slash that is a folder on disk is a folder`() throws {
        let configuration = """
            steps:
              gen: { run: x, outputs: [app/gen] }
              reader: { run: x, inputs: [app/*/*.c] }
            """
        #expect(LoaderTests.ids(try TemporaryFolder([".imgwatch": configuration, "app/gen": "x"])) == [])
        #expect(LoaderTests.ids(try TemporaryFolder([".imgwatch": configuration, "app/gen/": ""])) == ["race"])
    }

    @Test(arguments: [
        // What is written behind a link, and read behind it, or the other way about; there is nothing yet.
        ("outputs: [link/gen/]", "inputs: [real/gen/**]", "COPY real /"),
        ("outputs: [real/gen/]", "inputs: [link/**]", "COPY link/gen /"),
        ("outputs: [real/gen/]", "inputs: [link/gen/a*]", "COPY link/*en /"),
        ("outputs: [real/gen/]", "inputs: [chain/gen/deep/x]", "COPY chain /"),
        ("outputs: [link/gen/]", "inputs: [chain/gen]", "COPY . /"),
        ("outputs: [dangling/gen/]", "inputs: [later/**]", "COPY later /"),
    ])
    func `a link between two nodes hides no race`(outputs: String, inputs: String, copy: String) throws {
        for needs in ["", ", needs: [gen]"] {
            let folder = try TemporaryFolder([
                ".imgwatch": """
                steps:
                  gen: { run: x, \(outputs) }
                  reader: { run: x, \(inputs)\(needs) }
                images:
                  web: { dockerfile: Dockerfile\(needs) }
                """,
                "Dockerfile": "FROM scratch\n\(copy)\n", "real/": "",
            ])
            for (name, target) in [("link", "real"), ("chain", "./link/"), ("dangling", folder.path + "/later")] {
                try folder.link(name, to: target)
            }
            #expect(LoaderTests.ids(folder) == (needs.isEmpty ? ["race", "race"] : []))
        }
    }

    @Test(arguments: [
        ("outputs: [link/gen/]", "inputs: [real/other/**]", "COPY real/other /"),
        ("outputs: [real/gen/]", "inputs: [link/other]", "COPY link/other /"),
        ("outputs: [out/gen/]", "inputs: [real/**]", "COPY real /"),
        // Links in a folder that is copied are copied as links.
        ("outputs: [real/gen/]", "inputs: [own/x]", "COPY holder /"),
    ])
    func `a link to something else is no race`(outputs: String, inputs: String, copy: String) throws {
        let folder = try TemporaryFolder([
            ".imgwatch": """
            steps:
              gen: { run: x, \(outputs) }
              reader: { run: x, \(inputs) }
            images:
              web: { dockerfile: Dockerfile }
            """,
            "Dockerfile": "FROM scratch\n\(copy)\n", "real/other/x": "", "own/x": "",
        ])
        for (name, target) in [("link", "real"), ("out", "/var"), ("holder/link", "../real")] {
            try folder.link(name, to: target)
        }
        #expect(LoaderTests.ids(folder) == [])
    }

    @Test(arguments: ["race-step", "race-image", "race-dockerfile"])
    func `the insertions of a race mend it`(name: String) throws {
        let folder = Repository.root + "/Tests/Golden/ProjectTests/" + name
        let problems = DiagnosticTests.diagnostics(of: name).all
        let text = try #require(try? TextFile.read(folder + "/.imgwatch"))
        let mended = Insertion.apply(problems.flatMap(\.insertions), to: text)
        #expect(mended != text)
        let copy = try TemporaryFolder()
        for path in ["ui/src/a", "app/src/a", "docker/Dockerfile", "docker/Dockerfile.all", "docker/Dockerfile.ui"] {
            if let content = try? TextFile.read("\(folder)/\(path)") { try copy.write(path, content) }
        }
        try copy.write(".imgwatch", mended)
        #expect(LoaderTests.ids(copy) == [])
    }
}
