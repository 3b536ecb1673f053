/// `imgwatch aws deploy`: makes the stack, or brings it to what the configuration says now.

import AWS
import ArgumentParser
import Foundation
import HTTP
import OCI
import Project

struct AWSDeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make what the project needs in AWS, or bring it to what the configuration says now.",
        discussion: """
            It shows what will change, and asks. Repositories and a bucket that were there before are used as they \
            are. Where nothing changes, nothing is done.
            """
    )

    @Flag(name: [.short, .long], help: "Do it without asking.")
    var yes = false

    @Option(name: .customLong("parameter"), help: "NAME=VALUE of the template; it stays until it is set again.")
    var parameters: [String] = []

    @OptionGroup var stack: StackOptions
    @OptionGroup var options: CommonOptions

    func validate() throws {
        if let odd = parameters.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
            throw ValidationError("--parameter takes NAME=VALUE, not \(odd).")
        }
    }

    func run() async throws {
        let project = try options.load().project
        let isJSON = options.isJSON
        let deployment = StackDeployment(
            project: project,
            access: CloudServices.ofCommand(project).access(),
            name: stack.stack ?? project.stackName,
            parameters: Dictionary(
                parameters.map { text in
                    let name = text.prefix { $0 != "=" }
                    return (String(name), String(text.dropFirst(name.count + 1)))
                },
                uniquingKeysWith: { $1 }
            ),
            tell: { line in isJSON ? Say.error(line) : Say.line(line) }
        )
        let plan = try await deployment.plan(mayClean: yes || Question.mayBeAsked)
        show(plan, deployment)
        var outputs = plan.outputs
        if plan.proposal != nil {
            guard try agreed() else {
                try await deployment.withdraw(plan)
                throw SessionError(
                    reason: "nothing was changed",
                    remedy: Question.mayBeAsked
                        ? "run this again when it shall be" : "--yes does it without asking, or run this on a terminal"
                )
            }
            outputs = try await deployment.carryOut(plan)
        }
        tell(plan, outputs, deployment, project)
    }

    private func agreed() throws -> Bool {
        if yes { return true }
        return Question.mayBeAsked && Question.ask("Change this? [y/N]", for: ["y", "yes"])
    }

    // MARK: What is said

    private func show(_ plan: StackDeployment.Plan, _ deployment: StackDeployment) {
        guard !options.isJSON else { return }
        for what in plan.existing { Say.line("\(what) was there before: it is used as it is") }
        guard plan.proposal != nil else { return }
        Say.line("the stack \(deployment.name) is \(plan.isNew ? "made" : "changed"):")
        for change in plan.changes { Say.line("  \(change.line)") }
    }

    private func tell(
        _ plan: StackDeployment.Plan,
        _ outputs: [String: String],
        _ deployment: StackDeployment,
        _ project: Project
    ) {
        let advice = StackAdvice(outputs, project).lines
        guard !options.isJSON else {
            return Say.json(
                .object([
                    .init("stack", .text(deployment.name)), .init("changed", .boolean(plan.proposal != nil)),
                    .init("changes", .array(plan.changes.map(\.json))), .init("existing", .texts(plan.existing)),
                    .init("outputs", .map(outputs)), .init("advice", .texts(advice)),
                ])
            )
        }
        Say.line(
            plan.proposal == nil
                ? "nothing to change: the stack \(deployment.name) is what the configuration says"
                : "the stack \(deployment.name) is what the configuration says"
        )
        if let policy = outputs["DeveloperPolicy"] { Say.line("for whoever builds: \(policy)") }
        if let policy = outputs["FunctionPolicy"] { Say.line("for whoever updates functions: \(policy)") }
        guard !advice.isEmpty else { return }
        Say.line("write into \(project.file):")
        for line in advice { Say.line("  \(line)") }
    }
}

extension CloudFormation.Change {
    fileprivate var line: String {
        let how =
            switch replacement {
            case "True": ", by another one in its place"
            case "Conditional": ", maybe by another one in its place"
            default: ""
            }
        return "\(action.lowercased())  \(name)  \(type)\(id.map { " \($0)" } ?? "")\(how)"
    }

    fileprivate var json: JSON {
        .object([
            .init("action", .text(action.lowercased())), .init("resource", .text(name)), .init("type", .text(type)),
            .init("replacement", .text((replacement ?? "False").lowercased())),
        ])
    }
}

/// What of the stack the configuration does not say yet.
struct StackAdvice {
    let lines: [String]

    init(_ outputs: [String: String], _ project: Project) {
        var lines: [String] = []
        if let registry = outputs["Registry"], .remote(registry) != project.registry, !Self.isLocal(project) {
            lines.append("registry: \(registry)")
        }
        if let bucket = outputs["Bucket"], bucket != project.cloud?.bucket {
            lines.append("aws: { bucket: \(bucket) }")
        }
        if let role = outputs["FunctionRole"] {
            for function in project.images.flatMap(\.functions) where function.role == nil {
                lines.append("lambda: { function: \(function.name), role: \"\(role)\" }")
            }
        }
        self.lines = lines
    }

    /// A registry of this machine that stands in for ECR.
    private static func isLocal(_ project: Project) -> Bool {
        guard let host = project.registryHost else { return false }
        return WebAddress(parsing: "https://\(host)/").map { HostKind($0.host) == .loopback } ?? false
    }
}
