import Graph
import Testing

@testable import Project

@Suite struct PullPolicyTests {
    private static func project(_ top: String, _ first: String, _ second: String) throws -> Project {
        let folder = try TemporaryFolder([
            ".imgwatch": "\(top)\nimages:\n  one: { \(first) }\n  two: { \(second) }\n",
            "Dockerfile": "FROM alpine:3\n",
        ])
        return try LoaderTests.load(folder).project
    }

    @Test(arguments: [
        ("", "", "", PullPolicy.always), ("pull: never", "", "", .never), ("", "pull: never", "pull: never", .never),
        ("pull: never", "pull: missing", "", .missing), ("pull: missing", "pull: always", "pull: never", .always),
        ("pull: always", "pull: missing", "pull: never", .missing),
    ])
    func `of images that share a base the most eager decides`(
        top: String,
        one: String,
        two: String,
        policy: PullPolicy
    ) throws {
        #expect(try Self.project(top, one, two).pull(of: "alpine:3") == policy)
    }
}
