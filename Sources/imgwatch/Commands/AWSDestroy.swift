/// `imgwatch aws destroy`: removes the stack, and nothing that is not in it.

import AWS
import ArgumentParser
import Foundation
import OCI
import Project

struct AWSDestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Remove what `imgwatch aws deploy` made, after asking.",
        discussion: """
            Repositories that hold images and a bucket that holds contexts are not removed, unless --force says so. \
            Functions, their logs, and what was there before the stack stay.
            """
    )

    @Flag(name: [.short, .long], help: "Do it without asking.")
    var yes = false

    @Flag(help: "Delete the images and contexts in it, too.")
    var force = false

    @OptionGroup var stack: StackOptions
    @OptionGroup var options: CommonOptions

    func run() async throws {
        let project = try options.load().project
        let isJSON = options.isJSON
        let removal = StackRemoval(
            access: CloudServices.ofCommand(project).access(),
            name: stack.stack ?? project.stackName,
            tell: { line in isJSON ? Say.error(line) : Say.line(line) }
        )
        guard let inventory = try await removal.inventory() else {
            guard !isJSON else { return Say.json(answer(removal, [], stays: [])) }
            return Say.line("there is no stack \(removal.name): nothing is to be removed")
        }
        if !inventory.full.isEmpty, !force {
            throw SessionError(
                reason: inventory.full.map(\.what).joined(separator: "; "),
                remedy: "--force deletes that, too; nothing was removed"
            )
        }
        let stays = Self.stays(project, inventory)
        show(inventory, stays)
        guard yes || Question.mayBeAsked && Question.ask("Type \(removal.name) to remove it:", for: [removal.name])
        else {
            throw SessionError(
                reason: "nothing was removed",
                remedy: Question.mayBeAsked
                    ? "the stack's name has to be typed" : "--yes does it without asking, or run this on a terminal"
            )
        }
        if force { try await removal.empty(inventory) }
        try await removal.remove(inventory)
        guard !isJSON else { return Say.json(answer(removal, inventory.resources, stays: stays)) }
        Say.line("the stack \(removal.name) is removed")
    }

    private func show(_ inventory: StackRemoval.Inventory, _ stays: [String]) {
        guard !options.isJSON else { return }
        Say.line("the stack \(inventory.stack.name) is removed:")
        for resource in inventory.resources where !resource.name.isEmpty {
            let content = inventory.full.first { $0.resource == resource }.map { ": \($0.what)" } ?? ""
            Say.line("  \(resource.name)  \(resource.type)\(resource.id.map { " \($0)" } ?? "")\(content)")
        }
        for what in stays { Say.line("\(what) stays") }
    }

    /// What the configuration names, and is not the stack's.
    private static func stays(_ project: Project, _ inventory: StackRemoval.Inventory) -> [String] {
        let own = Set(inventory.resources.compactMap(\.id))
        let repositories = project.images.filter(\.push).map { project.repository(of: $0) }
        let bucket = project.cloud?.bucket.map { [$0] } ?? []
        return project.images.flatMap(\.functions).map { "the function \($0.name), with its log," }
            + repositories.filter { !own.contains($0) }.map { "the repository \($0)" }
            + bucket.filter { !own.contains($0) }.map { "the bucket \($0)" }
    }

    private func answer(_ removal: StackRemoval, _ removed: [CloudFormation.Resource], stays: [String]) -> JSON {
        let resources = removed.map { resource in
            JSON.fields([
                "resource": .text(resource.name), "type": .text(resource.type), "id": resource.id.map(JSON.text),
            ])
        }
        return .object([
            .init("stack", .text(removal.name)), .init("removed", .array(resources)), .init("stays", .texts(stays)),
        ])
    }
}
