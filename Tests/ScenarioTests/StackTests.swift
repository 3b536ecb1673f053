/// `imgwatch aws`: what it makes, that it makes it once, what it removes, and what it says of what is missing.

import Foundation
import Rigs
import Testing

@Suite(.withAWS)
struct StackTests {
    /// A project in an empty account.
    private final class Cloud: Sendable {
        let servers: AWSServers
        let project: TemporaryProject
        static let bucket = "stack-contexts"
        static let stack = "imgwatch-project"

        init(_ servers: AWSServers) throws {
            self.servers = servers
            project = try TemporaryProject([
                "base/Dockerfile": "FROM scratch\nCOPY base/file /file\n", "base/file": "base\n",
                "app/Dockerfile": "FROM base\nCOPY app/file /app\n", "app/file": "app\n",
                "tools/Dockerfile": "FROM scratch\nCOPY app/file /tool\n",
            ])
            try configure(role: nil)
        }

        static func start() async throws -> Cloud { try Cloud(try await AWSServers.start()) }

        func configure(role: String?) throws {
            let role = role.map { ", role: \"\($0)\"" } ?? ""
            try project.write(
                ".imgwatch",
                """
                registry: \(servers.registry)
                aws: { region: \(servers.region), bucket: \(Self.bucket) }
                images:
                  base: { dockerfile: base/Dockerfile, builder: codebuild }
                  app:
                    dockerfile: app/Dockerfile
                    builder: codebuild
                    aliases: [latest]
                    lambda: { function: "{project}-{image}"\(role) }
                  tools: { dockerfile: tools/Dockerfile }

                """
            )
        }

        func run(_ words: String..., more: [String: String] = [:]) throws -> EndedCommand {
            let words = [Programs.imgwatch.path(), "aws"] + words
            return try project.command(words, servers.environment.merging(more) { $1 })
        }

        /// What of a kind of requests was carried out, by the names of operations.
        func changes() throws -> [String] {
            try servers.log("").filter { $0.status == 200 }.map(\.name).filter { name in
                ["Create", "Execute", "Put", "Delete", "Update"].contains { name.contains(" \($0)") }
            }
        }

        var repositories: [String] {
            get throws {
                try servers.call("ecr", "describe_repositories")["repositories"].list
                    .compactMap { $0["repositoryName"].text }.sorted()
            }
        }

        var buckets: [String] {
            get throws { try servers.call("s3", "list_buckets")["Buckets"].list.compactMap { $0["Name"].text } }
        }
    }

    @Test func `the template is printed without asking AWS`() async throws {
        let cloud = try await Cloud.start()
        let printed = try cloud.run("template")
        #expect(printed.status == 0)
        #expect(printed.output.contains("RepositoryName: \"app\""))
        #expect(printed.output == (try cloud.run("template").output))
        #expect(try cloud.run("template", "--json").object()["template"] as? String == printed.output)
        #expect(try cloud.servers.log().isEmpty)
    }

    @Test func `what builds execute is printed, where CodeBuild builds`() async throws {
        let cloud = try await Cloud.start()
        let printed = try cloud.run("buildspec", "app")
        #expect(printed.status == 0 && printed.output.hasPrefix("version: 0.2\n"))
        #expect(printed.output.contains("docker build"))
        let local = try cloud.run("buildspec", "tools")
        #expect(local.status == 2 && local.errors.contains("not built by CodeBuild"))
        let unknown = try cloud.run("buildspec", "ap")
        #expect(unknown.status == 2 && unknown.errors.contains("did you mean `app`?"))
        #expect(try cloud.servers.log().isEmpty)
    }

    @Test func `nothing is made before somebody agrees`() async throws {
        let cloud = try await Cloud.start()
        let refused = try cloud.run("deploy")
        #expect(refused.status == 1)
        #expect(refused.output.contains("add  Bucket") && refused.errors.contains("--yes"))
        #expect(try cloud.repositories.isEmpty && cloud.buckets.isEmpty)
        #expect(try cloud.run("destroy", "--yes").output.contains("there is no stack"))
    }

    @Test func `everything is made once, and the second run changes nothing`() async throws {
        let cloud = try await Cloud.start()
        let first = try cloud.run("deploy", "--yes")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        #expect(first.output.contains("create complete  BuildProject"))
        #expect(try cloud.repositories == ["app", "base", "tools"])
        #expect(try cloud.buckets == [Cloud.bucket])
        let role = cloud.servers.role("\(Cloud.stack)-function-\(cloud.servers.region)")
        #expect(first.output.contains(role))
        let projects = try cloud.servers.call("codebuild", "batch_get_projects", ["names": ["imgwatch-project"]])
        #expect(projects["projects"][0]["environment"]["privilegedMode"] == true)
        // The configuration may name the role from now on, and nothing changes by that either.
        for name in [nil, role] {
            try cloud.configure(role: name)
            try cloud.servers.clearLog()
            let again = try cloud.run("deploy", "--yes", "--json").object()
            #expect(again["changed"] as? Bool == false)
            #expect(try cloud.changes().allSatisfy { $0.hasSuffix("ChangeSet") && !$0.contains("Execute") })
        }
        #expect((try cloud.run("deploy", "--json").object()["advice"] as? [String]) == [])
    }

    @Test func `a parameter stays as it was chosen`() async throws {
        let cloud = try await Cloud.start()
        #expect(try cloud.run("deploy", "--yes", "--parameter", "LogDays=60").status == 0)
        #expect(try cloud.run("deploy", "--yes").output.contains("nothing to change"))
        let groups = try cloud.servers.call("logs", "describe_log_groups")["logGroups"]
        #expect(groups[0]["retentionInDays"] == 60)
        let unknown = try cloud.run("deploy", "--yes", "--parameter", "Days=60")
        #expect(unknown.status == 2 && unknown.errors.contains("LogDays"))
    }

    @Test func `images and contexts are deleted only by force, and all that was made is gone then`() async throws {
        let cloud = try await Cloud.start()
        #expect(try cloud.run("deploy", "--yes").status == 0)
        for text in ["first", "second"] { try cloud.servers.put(text.utf8, Cloud.bucket, "contexts/<a> & b") }
        try cloud.servers.call("s3", "delete_object", ["Bucket": .text(Cloud.bucket), "Key": "contexts/<a> & b"])
        let refused = try cloud.run("destroy", "--yes")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("\(Cloud.bucket) holds 3 versions") && refused.errors.contains("--force"))
        #expect(try cloud.repositories.count == 3)
        let asked = try cloud.run("destroy", "--force")
        #expect(asked.status == 1 && asked.errors.contains("nothing was removed"))
        #expect(try cloud.buckets == [Cloud.bucket])
        let done = try cloud.run("destroy", "--force", "--yes")
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        #expect(done.output.contains("the function project-app, with its log, stays"))
        #expect(try cloud.repositories.isEmpty && cloud.buckets.isEmpty)
        #expect(try cloud.servers.call("iam", "list_roles")["Roles"].list.isEmpty)
        #expect(try cloud.servers.call("logs", "describe_log_groups")["logGroups"].list.isEmpty)
        #expect(try cloud.run("destroy", "--yes").status == 0)
    }

    @Test func `what was there before is used, and outlives the stack`() async throws {
        let cloud = try await Cloud.start()
        try cloud.servers.makeBucket(Cloud.bucket)
        try cloud.servers.makeRepository("base")
        let first = try cloud.run("deploy", "--yes")
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        #expect(first.output.contains("the repository base was there before"))
        #expect(try cloud.repositories == ["app", "base", "tools"])
        #expect(try cloud.run("deploy", "--yes").output.contains("nothing to change"))
        let done = try cloud.run("destroy", "--yes")
        #expect(done.status == 0 && done.output.contains("the bucket \(Cloud.bucket) stays"))
        #expect(try cloud.repositories == ["base"])
        #expect(try cloud.buckets == [Cloud.bucket])
    }

    @Test func `a deployment that fails says at what, and the next one goes on`() async throws {
        let cloud = try await Cloud.start()
        try cloud.servers.call("logs", "create_log_group", ["logGroupName": "/aws/codebuild/imgwatch-project"])
        let failed = try cloud.run("deploy", "--yes")
        #expect(failed.status == 1)
        #expect(failed.errors.contains("BuildLog (AWS::Logs::LogGroup)") && failed.errors.contains("already exists"))
        #expect(try cloud.repositories.isEmpty)
        try cloud.servers.call("logs", "delete_log_group", ["logGroupName": "/aws/codebuild/imgwatch-project"])
        let refused = try cloud.run("deploy")
        #expect(refused.status == 1 && refused.errors.contains("has to be deleted"))
        #expect(try cloud.run("deploy", "--yes").status == 0)
        #expect(try cloud.repositories.count == 3)
    }

    @Test func `doctor finds what is missing, and nothing when all is there`() async throws {
        let cloud = try await Cloud.start()
        let before = try cloud.run("doctor")
        #expect(before.status == 1)
        for text in [
            "there is no bucket", "there is no CodeBuild project", "there is no repository app", "no `role` to make it",
        ] {
            #expect(before.output.contains(text), "\(before.output)")
        }
        #expect(try cloud.run("deploy", "--yes").status == 0)
        try cloud.configure(role: cloud.servers.role("\(Cloud.stack)-function-\(cloud.servers.region)"))
        let after = try cloud.run("doctor")
        #expect(after.status == 0, "\(after.output)")
        #expect(after.output.contains("account \(cloud.servers.account)"))
        #expect(!after.output.contains(cloud.servers.secret))
        let json = try cloud.run("doctor", "--json").object()
        #expect(json["problems"] as? Int == 0)
        let confused = try cloud.run("doctor", more: ["AWS_DEFAULT_REGION": "eu-west-1"])
        #expect(confused.output.contains("AWS_DEFAULT_REGION is eu-west-1"))
    }

    @Test func `doctor names what is not allowed, and what is not as it must be`() async throws {
        let cloud = try await Cloud.start()
        #expect(try cloud.run("deploy", "--yes").status == 0)
        let versioning: JSONValue = ["Status": "Suspended"]
        try cloud.servers.call(
            "s3",
            "put_bucket_versioning",
            ["Bucket": .text(Cloud.bucket), "VersioningConfiguration": versioning]
        )
        for (name, mutability) in [("base", "MUTABLE"), ("app", "IMMUTABLE")] {
            try cloud.servers.call(
                "ecr",
                "put_image_tag_mutability",
                ["repositoryName": .text(name), "imageTagMutability": .text(mutability)]
            )
        }
        try cloud.servers.faults([
            .refuse("codebuild BatchGetProjects", 400, "AccessDeniedException", times: 9)
        ])
        let found = try cloud.run("doctor")
        #expect(found.status == 1)
        for text in [
            "keeps no versions", "codebuild:BatchGetProjects", "base lets tags be overwritten", "app lets no tag move",
        ] {
            #expect(found.output.contains(text), "\(found.output)")
        }
    }

    @Test func `doctor tells of a clock that is wrong`() async throws {
        let cloud = try await Cloud.start()
        try cloud.servers.skew(1200)
        let found = try cloud.run("doctor")
        #expect(found.output.contains("s behind AWS's"), "\(found.output)\(found.errors)")
    }
}
