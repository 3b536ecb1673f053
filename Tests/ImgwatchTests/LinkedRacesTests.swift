import Project
import Testing

@testable import imgwatch

@Suite struct LinkedRacesTests {
    private func races(_ step: String, _ copy: String, needs: String = "") throws -> [String] {
        let folder = try TemporaryFolder([
            "gen/kept.txt": "", "cfg/own.h": "", "other/x": "", "Dockerfile": "FROM scratch\n\(copy)\n",
        ])
        try folder.link("cfg/a.h", to: "../gen/a.h")
        try folder.link("glob", to: "gen")
        try folder.link("cfg/o.h", to: "../other/x")
        let project = try folder.project(
            """
            steps:
              gen: { run: x, outputs: [gen/] }
              reader: { run: x, \(step), outputs: [out]\(needs) }
            images:
              app: { dockerfile: Dockerfile\(needs) }
            """
        )
        return LinkedRaces.problems(in: ProjectNodes(project, graph: project.graph)).map(\.reason)
    }

    @Test(arguments: [
        ("inputs: [cfg/]", "COPY cfg/*.h /x/"), ("inputs: ['cfg/*.h']", "COPY gl* /x/"),
        ("inputs: ['c*/a.h']", "COPY c*/a.h /x/"),
    ])
    func `a link that a pattern finds hides no race`(step: String, copy: String) throws {
        let found = try races(step, copy)
        #expect(found.count == 2 && found.allSatisfy { $0.contains("what the step `gen` writes, `gen`") }, "\(found)")
        #expect(try races(step, copy, needs: ", needs: [gen]").isEmpty)
    }

    @Test(arguments: [
        ("inputs: [cfg/own.h]", "COPY cfg /x/"), ("inputs: [cfg/o.h]", "COPY cfg/o* /x/"),
    ])
    func `a link to something else, and a link that is copied as one, are none`(step: String, copy: String) throws {
        #expect(try races(step, copy).isEmpty)
    }
}
