import Foundation
import Graph
import Testing

@testable import Project

@Suite struct DraftTests {
    private func draft(_ files: [String: String]) throws -> (text: String, folder: TemporaryFolder) {
        let folder = try TemporaryFolder(files)
        let text = try Draft.make(in: folder.path)
        try folder.write(".imgwatch", text)
        return (text, folder)
    }

    @Test func `images are named after suffix or folder, with the context that holds what is copied`() throws {
        let (text, folder) = try draft([
            "docker/Dockerfile.base": "FROM scratch\n",
            "docker/server.Dockerfile": "FROM base\nCOPY docker/server.Dockerfile app/ /\n",
            "web/Dockerfile": "FROM scratch\nCOPY src/* index.html /\nCOPY . /all\n", "web/src/x": "",
            "web/index.html": "",
            "Services/API/Dockerfile": "FROM scratch\nCOPY Services/API /\n",
            "Services/API/Dockerfile.base": "FROM scratch\n",
            "Services/API/build/Dockerfile": "FROM scratch\nCOPY . /\n", "app/x": "",
            "node_modules/x/Dockerfile": "FROM scratch\n", ".git/Dockerfile": "FROM scratch\n",
            "Dockerfile.md": "no", "Dockerfile.base.dockerignore": "x", "Dockerfile.": "no",
        ])
        let loaded = try LoaderTests.load(folder)
        #expect(loaded.warnings == [])
        let images = loaded.project.images.map { "\($0.id) \($0.dockerfile) \($0.context)" }
        #expect(
            images == [
                "api Services/API/Dockerfile ", "base Services/API/Dockerfile.base ",
                "services-api Services/API/build/Dockerfile ", "docker-base docker/Dockerfile.base ",
                "server docker/server.Dockerfile ", "web web/Dockerfile web",
            ]
        )
        #expect(text.contains("# The Dockerfile names `base`"))
    }

    @Test func `a name that YAML or a variable would change stands in quotes`() throws {
        let (_, folder) = try draft(["a: $b #\"c/Dockerfile": "FROM scratch\n", "true/Dockerfile": "FROM scratch\n"])
        let images = try LoaderTests.load(folder).project.images
        #expect(images.map(\.id.name) == ["a-b-c", "true"])
        #expect(images.map(\.dockerfile) == ["a: $b #\"c/Dockerfile", "true/Dockerfile"])
    }

    @Test func `a Dockerfile that is mistaken is named all the same, and the reading says why`() throws {
        let (text, folder) = try draft(["web/Dockerfile": "FROM alpine\nRUN x\n", "bad/Dockerfile": "nonsense\n"])
        #expect(text.contains("  web:\n    dockerfile: web/Dockerfile\n"))
        #expect(LoaderTests.ids(folder).allSatisfy { $0.hasPrefix("dockerfile-") })
    }

    @Test func `without Dockerfiles the draft explains itself`() throws {
        let (text, folder) = try draft(["readme": ""])
        #expect(LoaderTests.ids(folder) == ["config-empty"])
        #expect(text.contains("# images:"))
    }

    @Test func `what the comments show would load`() throws {
        let (text, folder) = try draft(["ui/src/": "", "ui/package.json": "", "server/Dockerfile": "FROM scratch\n"])
        let example = text.split(separator: "\n").filter { !$0.hasSuffix(":") || $0.hasPrefix("#") }
        let start = try #require(example.firstIndex(of: "# steps:"))
        let steps = example[start...].prefix { $0.hasPrefix("# ") }.map { $0.dropFirst(2) }.joined(separator: "\n")
        try folder.write(".imgwatch", steps)
        #expect(LoaderTests.ids(folder) == [])
    }

    @Test func `the search is bounded`() throws {
        var files: [String: String] = [:]
        for number in 0..<60 { files["d\(number)/Dockerfile"] = "FROM scratch\n" }
        files["a/b/c/d/e/f/g/Dockerfile"] = "FROM scratch\n"
        let folder = try TemporaryFolder(files)
        let found = withExtendedLifetime(folder) { DockerfileSearch.run(in: folder.path) }
        #expect(found.count == 50)
        #expect(Set(found.map(\.name)).count == 50)
    }

    @Test func `a folder that is not there is an error`() {
        #expect(throws: Diagnostic.self) { try Draft.make(in: "/nowhere/at/all") }
    }
}
