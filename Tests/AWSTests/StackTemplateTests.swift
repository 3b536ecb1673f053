/// The template as text: the same for the same project, what CloudFormation takes, and nothing in use is removed.

import Foundation
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct StackTemplateTests {
    // MARK: Shapes

    /// Everything that a template can have.
    static let full: StackTemplate = {
        var template = StackTemplate(stack: "imgwatch-shop", project: "imgwatch-shop", bucket: "shop-contexts")
        template.registryPath = "team"
        template.repositories = [
            repository("team/base-python", isBase: true),
            repository("team/receipt", moving: .these(["latest", "stable"]), functions: ["shop-receipt"]),
            repository("team/upload", moving: .all, functions: ["shop-upload", "shop-upload-eu"]),
            repository("team/web", moving: .these(["a", "b", "c", "d", "e", "f"])),
        ]
        template.functions = [
            StackTemplate.Function("shop-receipt", role: nil, alias: "live"),
            StackTemplate.Function("shop-upload", role: "arn:aws:iam::123456789012:role/uploads"),
            StackTemplate.Function("arn:aws:lambda:us-east-1:123456789012:function:shop-upload-eu", role: nil),
        ]
        return template
    }()

    static let shapes: [(name: String, template: StackTemplate)] = {
        let bare = StackTemplate(stack: "imgwatch-bare", project: "imgwatch-bare", bucket: nil)
        var existing = full
        existing.makesBucket = false
        for index in existing.repositories.indices { existing.repositories[index].isMade = index > 1 }
        var many = bare
        many.repositories = (1...35).map { repository("service-\($0)", isBase: $0 == 1) }
        var long = full
        long.stack = "imgwatch-" + String(repeating: "long-", count: 20) + "name"
        var moving = bare
        moving.repositories = [repository("only", moving: .all, functions: ["only"])]
        moving.functions = [StackTemplate.Function("only", role: nil)]
        return [
            ("full", full), ("bare", bare), ("existing", existing), ("many", many), ("long", long), ("moving", moving),
        ]
    }()

    static func repository(
        _ name: String,
        moving: StackTemplate.Repository.Moving = .none,
        isBase: Bool = false,
        functions: [String] = []
    ) -> StackTemplate.Repository {
        var repository = StackTemplate.Repository(name)
        (repository.moving, repository.isBase, repository.functions) = (moving, isBase, functions)
        return repository
    }

    // MARK: Text

    private static let golden: URL = {
        var repository = URL(filePath: #filePath)
        for _ in 0..<2 { repository.deleteLastPathComponent() }
        return repository.appending(path: "Golden/StackTemplate")
    }()

    @Test(arguments: ["full", "bare"])
    func `it reads like this`(name: String) throws {
        let template = try #require(Self.shapes.first { $0.name == name }?.template)
        let expected = try String(contentsOf: Self.golden.appending(path: "\(name).yaml"), encoding: .utf8)
        #expect(try template.text() == expected)
    }

    /// The program of `scripts/setup test`, or that of the user.
    private static let linter: MachineProgram? = {
        let own = AWSServers.tool("cfn-lint").path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let all = [own] + path.split(separator: ":").map { "\($0)/cfn-lint" }
        return all.first { FileManager.default.isExecutableFile(atPath: $0) }.map { MachineProgram(path: $0) }
    }()

    @Test(.enabled(if: linter != nil, "there is no cfn-lint: `scripts/setup test` installs it"))
    func `cfn-lint finds nothing in it`() async throws {
        let linter = try #require(Self.linter)
        let folder = FileManager.default.temporaryDirectory.appending(path: "imgwatch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for (name, template) in Self.shapes {
            let file = folder.appending(path: "\(name).yaml")
            try template.requestText().write(to: file, atomically: true, encoding: .utf8)
            files.append(file.path)
        }
        let variables = ProcessInfo.processInfo.environment.filter { ["HOME", "PATH"].contains($0.key) }
        let outcome = try await linter.run(["--format", "parseable", "--"] + files, environment: variables)
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.output)\(outcome.errors)")
    }

    @Test func `a project with too many images is told so`() throws {
        var template = StackTemplate(stack: "s", project: "large", bucket: nil)
        template.repositories = (1...200).map { Self.repository("service-\($0)") }
        let error = #expect(throws: AWSError.self) { try template.requestText() }
        #expect(error?.reason.contains("200 images") == true)
        // It can be deployed from a bucket.
        #expect(try template.text().contains("service-200"))
    }

    @Test(
        arguments: [
            { $0.bucket = "With Spaces" }, { $0.project = "a: b" }, { $0.stack = "1st" },
            { $0.repositories = [repository("Upper")] }, { $0.repositories = [repository("a")] },
            { $0.functions = [StackTemplate.Function("no way", role: nil)] },
            { $0.functions = [StackTemplate.Function("f", role: "role-without-an-arn")] },
            { $0.functions = [StackTemplate.Function("f", role: "arn:aws:iam::123456789012:role/a\"b")] },
        ] as [@Sendable (inout StackTemplate) -> Void]
    )
    func `what AWS takes for no name is refused before`(change: @Sendable (inout StackTemplate) -> Void) {
        var template = StackTemplate(stack: "stack", project: "project", bucket: "bucket")
        change(&template)
        #expect(throws: AWSError.self) { try template.text() }
    }

    // MARK: Names

    @Test func `each repository has a name of its own in the template`() {
        let names = ["a-b", "ab", "a.b", "a_b", "a/b", "a--b", "a-1", "a1", "a.1", "x/a-b", "a-b-2", "a-b2"]
        let resources = names.map { StackTemplate.Name.resource("Repository", $0) }
        #expect(Set(resources).count == names.count)
        #expect(resources.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } })
        #expect(StackTemplate.Name.resource("Repository", "base-label") == "RepositoryBaseLabel")
    }

    @Test func `a role that the stack has made, and the configuration names, stays the stack's`() throws {
        var template = Self.full
        let role = "arn:aws:iam::123456789012:role/\(template.functionRole)-eu-west-1"
        for index in template.functions.indices where template.functions[index].role == nil {
            template.functions[index].role = role
        }
        #expect(template.makesFunctionRole)
        #expect(try template.text() == Self.full.text())
        template.stack = String(repeating: "a", count: 128)
        #expect("\(template.functionRole)-ap-southeast-2".utf8.count <= 64)
    }

    // MARK: What is removed by itself

    /// The policies by the names of repositories, with every parameter at its default.
    private static func policies(_ template: StackTemplate) throws -> [String: (text: String, rules: [JSON])] {
        var found: [String: (text: String, rules: [JSON])] = [:]
        for repository in template.repositories {
            let text = template.text(repository)
            let block = try #require(text.firstRange(of: "LifecyclePolicyText: !Sub |\n"))
            let lines = text[block.upperBound...].split(separator: "\n").prefix { $0.hasPrefix("          ") }
            var policy = lines.joined(separator: "\n")
            for parameter in template.parameters {
                policy = policy.replacing("${\(parameter.name)}", with: parameter.value)
            }
            let json = try JSON(parsing: Array(policy.utf8), subject: "a policy")
            found[repository.name] = (policy, try #require(json["rules"]?.array))
        }
        return found
    }

    @Test func `policies are what ECR takes, and remove nothing that is used`() throws {
        for (_, template) in Self.shapes {
            for (name, policy) in try Self.policies(template) {
                let repository = try #require(template.repositories.first { $0.name == name })
                #expect((100...30_720).contains(policy.text.utf8.count))
                let priorities = policy.rules.compactMap { $0["rulePriority"]?.integer }
                #expect(priorities == Array(1...policy.rules.count))
                for (index, rule) in policy.rules.enumerated() {
                    let status = rule["selection"]?["tagStatus"]?.text
                    let byAge = rule["selection"]?["countType"]?.text == "sinceImagePushed"
                    #expect(["any", "untagged"].contains(status))
                    #expect(!byAge || status == "untagged")
                    if status == "any" {
                        #expect(index == policy.rules.count - 1)
                        #expect(!repository.isBase && repository.functions.isEmpty)
                        #expect((rule["selection"]?["countNumber"]?.integer ?? 0) >= 1000)
                    }
                    // Where tags move, what a function runs may have none.
                    if !repository.functions.isEmpty, repository.moving == .all { #expect(!byAge) }
                }
            }
        }
    }

    @Test func `tags move only where the configuration says so`() throws {
        let texts = Self.full.repositories.map { Self.full.text($0) }
        #expect(texts[0].contains("ImageTagMutability: IMMUTABLE\n"))
        #expect(texts[1].contains("ImageTagMutability: IMMUTABLE_WITH_EXCLUSION\n"))
        #expect(texts[2].contains("ImageTagMutability: MUTABLE\n"))
        // ECR takes five exceptions.
        #expect(texts[3].contains("ImageTagMutability: MUTABLE\n"))
    }

    @Test func `no role may do more than it needs`() throws {
        for (_, template) in Self.shapes {
            let text = try template.text()
            let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
            let wide = lines.indices.filter { lines[$0] == "- \"*\"" }
            for index in wide { #expect(lines[..<index].suffix(2) == ["- ecr:GetAuthorizationToken", "Resource:"]) }
            let actions = lines.filter { $0.hasPrefix("- ") && $0.hasSuffix("*") && !$0.contains("arn:") }
            #expect(actions.isEmpty, "\(actions)")
        }
    }
}
