import Dockerfile
import Graph
import OCI
import Project
import Testing

@testable import imgwatch

@Suite struct EvaluationNamingTests {
    private static let base = BaseImage(
        "base",
        PublishedImage(
            stored: StoredImage(key: "key", manifest: Descriptor(mediaType: "", digest: .sha256(of: []), size: 0)),
            references: [],
            exactReference: "127.0.0.1:5000/base@sha256:abc",
            isPushed: true
        )
    )

    /// The evaluation of a Dockerfile whose argument `BASE` is the image `base`.
    private func evaluation(_ dockerfile: String) throws -> Evaluation {
        let folder = try TemporaryFolder(["Dockerfile": dockerfile + "\n", "Dockerfile.base": "FROM scratch\n"])
        let project = try folder.project(
            """
            images:
              base: { dockerfile: Dockerfile.base }
              app: { dockerfile: Dockerfile, args: { BASE: { image: base } } }

            """
        )
        return try #require(project.image(NodeID("app"))).evaluation
    }

    @Test(arguments: [
        "ENV A=$BASE", "LABEL a=$BASE", "CMD [\"$BASE\"]\nENV A=$BASE", "USER $BASE", "ARG A=$BASE",
        "COPY <<A /ref\n$BASE\nA", "ENV A=one-$BASE-two-$BASE",
    ])
    func `a reference stands wherever the argument went`(line: String) throws {
        let evaluation = try evaluation("ARG BASE\nFROM $BASE\nARG BASE\n" + line)
        let placeholder = Loader.placeholder(for: "base")
        #expect("\(evaluation)".contains(placeholder))
        let named = "\(evaluation.naming([Self.base]))"
        #expect(!named.contains(placeholder))
        #expect(named.contains(Self.base.reference))
    }

    @Test func `the edge of FROM stays an edge`() throws {
        let named = try evaluation("ARG BASE\nFROM $BASE\nENV A=b").naming([Self.base])
        #expect(named.stages.map(\.base) == [.project("base")])
    }

    @Test func `what names no image stays as it is`() throws {
        let evaluation = try evaluation("FROM scratch\nENV A=b\nCOPY <<A /ref\ntext\nA\nCMD a")
        #expect(evaluation.naming([Self.base]) == evaluation)
    }
}
