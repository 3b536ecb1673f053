/// Images in Lambda functions: which function gets which image, and what no function is given.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct FunctionTests {
    /// One image, which is made on this machine: what its function gets does not depend on that.
    private func single() async throws -> CloudProject {
        let cloud = try await CloudProject.start(isSmall: true)
        try configure(cloud)
        try cloud.project.write("receipt/Dockerfile", "FROM scratch\nCOPY receipt/handler /var/task/handler\n")
        try cloud.project.commitAll("one image")
        return cloud
    }

    private func configure(_ cloud: CloudProject, _ more: String = "platforms: linux/amd64") throws {
        try cloud.configure(
            """
              receipt:
                dockerfile: receipt/Dockerfile
                \(more)
                \(cloud.lambda)
            """,
            builder: "assemble"
        )
    }

    /// What the newest image is, by the registry.
    private func newest(_ cloud: CloudProject, besides known: Set<String> = []) throws -> String {
        let digests = try cloud.servers.images(in: "receipt").filter { $0["imageTags"] != .null }
            .compactMap { $0["imageDigest"].text }.filter { !known.contains($0) }
        #expect(digests.count == 1, "\(digests)")
        return try #require(digests.first)
    }

    /// F16: each has functions of its own, by the name of its folder or by its profile.
    @Test func `two environments in one account each show their own image`() async throws {
        let cloud = try await single()
        #expect(try cloud.run("build").status == 0)
        let first = try newest(cloud)
        #expect(try cloud.digest(ofFunction: "project-receipt") == first)
        // Another copy of the project: what it builds alike is there, and its function is another.
        let other = cloud.project.home.appending(path: "staging")
        try cloud.project.git("clone", "-q", ".", other.path())
        func build(_ variables: [String: String] = [:]) throws {
            let environment = cloud.project.environment.merging(cloud.environment) { $1 }.merging(variables) { $1 }
            let built = try Programs.finish([Programs.imgwatch.path(), "build"], in: other, environment)
            #expect(built.status == 0, "\(built.output)\(built.errors)")
        }
        try build()
        #expect(try newest(cloud) == first)
        #expect(try cloud.digest(ofFunction: "staging-receipt") == first)
        try "staging 2\n".write(to: other.appending(path: "receipt/handler"), atomically: true, encoding: .utf8)
        try build()
        let second = try newest(cloud, besides: [first])
        #expect(try cloud.digest(ofFunction: "staging-receipt") == second)
        #expect(try cloud.digest(ofFunction: "project-receipt") == first)

        // One copy, two profiles.
        let keys = cloud.project.home.appending(path: "keys")
        let profile = "aws_access_key_id = \(cloud.servers.key)\naws_secret_access_key = \(cloud.servers.secret)\n"
        try "[dev]\n\(profile)[prod]\n\(profile)".write(to: keys, atomically: true, encoding: .utf8)
        let configuration = other.appending(path: ".imgwatch")
        try String(contentsOf: configuration, encoding: .utf8)
            .replacingOccurrences(of: "{project}-", with: "{profile}-")
            .replacingOccurrences(of: "aws: {", with: "aws: { profile: \"${STAGE}\",")
            .write(to: configuration, atomically: true, encoding: .utf8)
        try build(["STAGE": "dev", "AWS_SHARED_CREDENTIALS_FILE": keys.path()])
        try "for prod\n".write(to: other.appending(path: "receipt/handler"), atomically: true, encoding: .utf8)
        try build(["STAGE": "prod", "AWS_SHARED_CREDENTIALS_FILE": keys.path()])
        let third = try newest(cloud, besides: [first, second])
        let shown = ["project-receipt", "staging-receipt", "dev-receipt", "prod-receipt"]
        #expect(try shown.map { try cloud.digest(ofFunction: $0) } == [first, second, second, third])
    }

    /// F18: an index, layers in zstd, and an image for another architecture.
    @Test func `what Lambda does not take is refused before Lambda is asked`() async throws {
        let cloud = try await single()
        #expect(try cloud.run("build").status == 0)
        let first = try cloud.digest(ofFunction: "project-receipt")
        #expect(first == (try newest(cloud)))
        let cases = [
            ("platforms: linux/amd64\n    compression: zstd", "Lambda takes no layers in zstd"),
            ("platforms: linux/arm64", "the function project-receipt is for x86_64, the image for arm64"),
        ]
        for (number, (setting, reason)) in cases.enumerated() {
            try configure(cloud, setting)
            try cloud.project.write("receipt/handler", "case \(number)\n")
            try cloud.servers.clearLog()
            let refused = try cloud.run("build")
            #expect(refused.status == 1, "\(setting): \(refused.output)\(refused.errors)")
            #expect("\(refused.output)\(refused.errors)".contains(reason), "\(refused.output)\(refused.errors)")
            // The image itself is a good one, and published.
            #expect(try cloud.servers.log("registry manifests").contains { $0.method == "PUT" && $0.status == 201 })
            #expect(try cloud.servers.log("lambda").allSatisfy { $0.operation.hasPrefix("Get") })
            #expect(try cloud.digest(ofFunction: "project-receipt") == first)
        }
        // An index is not even built for a function.
        try configure(cloud, "platforms: [linux/amd64, linux/arm64]")
        try cloud.servers.clearLog()
        let index = try cloud.run("build")
        #expect(index.status == 2 && index.errors.contains("Lambda takes no image for several platforms"))
        #expect(try cloud.servers.log().isEmpty)

        let known = Set(try cloud.servers.images(in: "receipt").compactMap { $0["imageDigest"].text })
        try configure(cloud, "platforms: linux/amd64\n    compression: gzip")
        let mended = try cloud.run("build")
        #expect(mended.status == 0, "\(mended.output)\(mended.errors)")
        #expect(try cloud.digest(ofFunction: "project-receipt") == (try newest(cloud, besides: known)))
    }

    @Test func `a role that is new is waited for, and a function that came meanwhile is updated`() async throws {
        let cloud = try await single()
        let message = "The role defined for the function cannot be assumed by Lambda."
        try cloud.servers.faults([
            .refuse("lambda CreateFunction", 400, "InvalidParameterValueException").saying(message)
        ])
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.servers.log("lambda CreateFunction").map(\.status) == [400, 201])
        let first = try newest(cloud)
        #expect(try cloud.digest(ofFunction: "project-receipt") == first)

        // Somebody else makes it, of an older image, between our look and our attempt.
        try cloud.servers.call("lambda", "delete_function", ["FunctionName": "project-receipt"])
        try cloud.servers.faults([.hold("lambda CreateFunction")])
        try cloud.servers.clearLog()
        try cloud.project.write("receipt/handler", "receipt 2\n")
        let loop = try cloud.loop()
        _ = try await Waiting.until("CreateFunction") { try cloud.servers.log("lambda CreateFunction").first }
        let image = "\(cloud.servers.registry)/receipt@\(first)"
        try cloud.servers.makeFunction("project-receipt", image: image, role: cloud.servers.role("function"))
        try cloud.servers.release()
        let lines = try await loop.settle(from: 0, after: nil)
        #expect(lines.nodes("failed").isEmpty, "\(lines.map(\.text))")
        #expect(try cloud.servers.log("lambda CreateFunction").map(\.status) == [409])
        let second = try newest(cloud, besides: [first])
        #expect(try cloud.digest(ofFunction: "project-receipt") == second)
        #expect(try await loop.end() == 0)
    }
}
