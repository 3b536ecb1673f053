/// Dockerfiles and variables of images that CodeBuild makes.

import AWS
import Dockerfile
import Graph
import Project
import Testing

@testable import imgwatch

@Suite struct CloudImageTests {
    /// The image `app` beside the images `base` and `tools`.
    private static func image(_ dockerfile: String, args: String = "", more: String = "") throws -> CloudImage {
        let configuration = """
            images:
              base: { dockerfile: Dockerfile.base }
              tools: { dockerfile: Dockerfile.base }
              app: { platforms: [linux/amd64], args: { \(args) }\(more) }

            """
        let folder = try TemporaryFolder(["Dockerfile": dockerfile, "Dockerfile.base": "FROM scratch\n"])
        let image = try #require(try folder.project(configuration).images.first { $0.id.name == "app" })
        return try CloudImage(image)
    }

    private struct Row: CustomTestStringConvertible {
        var name: String
        var dockerfile: String
        var expected: String
        var shift = 0
        var testDescription: String { name }
    }

    private static let rows = [
        Row(
            name: "lower case and indented",
            dockerfile: "  from base\nRUN a\n",
            expected: "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\nRUN a\n",
            shift: 1
        ),
        Row(
            name: "a here-document with FROM",
            dockerfile: "# mine\nFROM base\nRUN <<A\nFROM base AS x\nFROM tools\nA\n"
                + "COPY <<B /f\nARG BASE_IMAGE_URI\nB\n",
            expected: "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\nRUN <<A\nFROM base AS x\nFROM tools\nA\n"
                + "COPY <<B /f\nARG BASE_IMAGE_URI\nB\n"
        ),
        Row(
            name: "a platform that is the image's",
            dockerfile: "# mine\nFROM --platform=linux/amd64 base AS Own\nRUN a\n",
            expected: "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS own\nRUN a\n"
        ),
        Row(
            name: "several of one base, and another",
            dockerfile: "\nFROM base AS one\nRUN a\nFROM base AS two\nCOPY --from=one /a /a\n"
                + "FROM tools\nCOPY --from=two /a /a\n",
            expected: "ARG BASE_IMAGE_URI BASE_IMAGE_URI_2\nFROM ${BASE_IMAGE_URI} AS one\nRUN a\n"
                + "FROM ${BASE_IMAGE_URI} AS two\nCOPY --from=one /a /a\n"
                + "FROM ${BASE_IMAGE_URI_2} AS stage-2\nCOPY --from=two /a /a\n"
        ),
        Row(
            name: "COPY --from and a mount",
            dockerfile: "FROM scratch\nCOPY --from=base /a /a\nRUN --mount=from=tools,target=/t a\n",
            expected: "FROM scratch AS stage-0\nCOPY --from=r/base@1 /a /a\nRUN --mount=from=r/tools@2,target=/t a\n"
        ),
        Row(
            name: "FROM and COPY --from",
            dockerfile: "# mine\nFROM base\nCOPY --from=base /a /a\n",
            expected: "ARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\nCOPY --from=r/base@1 /a /a\n"
        ),
        Row(
            name: "ARG with a default",
            dockerfile: "ARG BASE_IMAGE_URI=base\nFROM $BASE_IMAGE_URI\nRUN a\n",
            expected: "ARG BASE_IMAGE_URI=base\nFROM ${BASE_IMAGE_URI} AS stage-0\nRUN a\n"
        ),
        Row(
            name: "ARG of several lines with an empty one",
            dockerfile: "ARG A=1 \\\n\n  B=2\nFROM base\nRUN a\n",
            expected: "ARG A=1 \\\n\n  B=2\nARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\nRUN a\n",
            shift: 1
        ),
        Row(
            name: "another argument that only mentions it",
            dockerfile: "ARG A=\"x BASE_IMAGE_URI\"\nFROM base\nRUN a\n",
            expected: "ARG A=\"x BASE_IMAGE_URI\"\nARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\nRUN a\n",
            shift: 1
        ),
        Row(
            name: "an argument of a stage",
            dockerfile: "# mine\nFROM base\nARG BASE_IMAGE_URI=mine\nRUN a\n",
            expected: "ARG BASE_IMAGE_URI_2\nFROM ${BASE_IMAGE_URI_2} AS stage-0\nARG BASE_IMAGE_URI=mine\nRUN a\n"
        ),
        Row(
            name: "directives",
            dockerfile: "# syntax=docker/dockerfile:1\n# escape=`\nFROM base\nRUN a `\n  b\n",
            expected: "# syntax=docker/dockerfile:1\n# escape=`\nARG BASE_IMAGE_URI\n"
                + "FROM ${BASE_IMAGE_URI} AS stage-0\nRUN a `\n  b\n",
            shift: 1
        ),
        Row(
            name: "directives and a comment",
            dockerfile: "# escape=`\n# mine\nFROM `\n  base\nRUN a `\n  b\n",
            expected: "# escape=`\nARG BASE_IMAGE_URI\nFROM ${BASE_IMAGE_URI} AS stage-0\n\nRUN a `\n  b\n"
        ),
    ]

    @Test(arguments: rows)
    private func `a base in FROM is a variable, and elsewhere its reference`(row: Row) throws {
        let image = try Self.image(row.dockerfile)
        #expect(image.dockerfile(["base": "r/base@1", "tools": "r/tools@2"]) == row.expected)
        #expect(image.lineShift == row.shift)
        _ = try Dockerfile.parse(image.dockerfile)
    }

    @Test(arguments: ["PATH", "IMAGE_URI", "IMGWATCH_KEY", "X_BUILD", "_X", "Base", "base", "AWS_REGION", "9"])
    func `a name that something else has, or may have, is no variable`(name: String) throws {
        let image = try Self.image(
            "ARG \(name == "9" ? "X" : name)\nFROM base\nRUN a\n",
            args: "\(name == "9" ? "'9'" : name): { image: base }"
        )
        #expect(image.variables == ["base": "BASE_IMAGE_URI"])
        let references = try #require(image.buildspec.images.first).references
        #expect(references.contains(.init(name, "BASE_IMAGE_URI")))
        #expect(references.contains(.init("BASE_IMAGE_URI", "BASE_IMAGE_URI")))
    }

    @Test func `an argument's own name is the variable where it can be`() throws {
        let image = try Self.image("ARG OWN_BASE\nFROM ${OWN_BASE}\nRUN a\n", args: "OWN_BASE: { image: base }")
        #expect(image.variables == ["base": "OWN_BASE"] && image.lineShift == 0)
        #expect(image.dockerfile == "ARG OWN_BASE\nFROM ${OWN_BASE} AS stage-0\nRUN a\n")
        #expect(image.buildspec.images.first?.references == [.init("OWN_BASE", "OWN_BASE")])
    }

    @Test func `the commit is a variable where the image shows it`() throws {
        let shown = try Self.image("FROM scratch\nCOPY a b\n", more: ", revision: true")
        #expect(shown.buildspec.images.first?.showsRevision == true)
        let order = CloudOrder(
            cloud: shown,
            reference: "r/app:t",
            key: "k",
            references: [:],
            revision: "abc"
        )
        #expect(order.variables.contains { $0 == ("IMGWATCH_REVISION", "abc") })
        let hidden = try Self.image("FROM scratch\nCOPY a b\n")
        #expect(hidden.buildspec.images.first?.showsRevision == false)
    }
}
