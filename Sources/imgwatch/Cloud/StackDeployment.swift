/// Makes AWS be what the template says: shows what will change, and changes nothing the second time.

import AWS
import Foundation
import Project

struct StackDeployment: Sendable {
    let project: Project
    let access: CloudAccess
    let name: String
    /// Chosen on the command line.
    let parameters: [String: String]
    let tell: @Sendable (String) -> Void

    /// What is to be done, before anybody has agreed.
    struct Plan: Sendable {
        /// nil: nothing changes.
        var proposal: String?
        /// By its id.
        var stack: String
        var changes: [CloudFormation.Change]
        var isNew: Bool
        /// What is used as it is: it was there before the stack.
        var existing: [String]
        var outputs: [String: String]
    }

    // MARK: Before

    /// Asks CloudFormation what would change; the stack is as it was.
    ///
    /// `mayClean`: what an earlier failure left may be removed, in which nothing is.
    func plan(mayClean: Bool) async throws -> Plan {
        let formation = CloudFormation(try await access.client())
        var stack = try await formation.stack(name)
        try check(stack)
        if let left = stack, left.isStillborn {
            guard mayClean else {
                throw SessionError(
                    reason: "the stack \(name) failed when it was first made, and has to be deleted before another try",
                    remedy: "run this with --yes, or on a terminal"
                )
            }
            tell("the stack \(name) failed when it was first made, and is deleted; nothing is in it")
            let event = try await follower(formation).latestEvent(of: left.id)
            try await formation.delete(left.id)
            _ = try await follower(formation).follow(left.id, after: event)
            stack = nil
        }
        let isNew = stack?.isProposed ?? true
        let (template, existing) = try await template(formation, isNew: isNew)
        let text = try template.requestText()
        let proposed = try await formation.propose(
            text,
            for: name,
            isNew: isNew,
            parameters: try values(template, stack)
        )
        var plan = Plan(
            stack: stack?.id ?? "",
            changes: [],
            isNew: isNew,
            existing: existing,
            outputs: stack?.outputs ?? [:]
        )
        guard let proposed else { return plan }
        plan.stack = proposed.stack
        do throws(AWSError) {
            plan.proposal = try await settled(proposed.proposal, formation, &plan.changes)
        } catch {
            // Nothing is in it but the name.
            if isNew { try? await formation.delete(proposed.stack) }
            throw error
        }
        return plan
    }

    private func check(_ stack: CloudFormation.Stack?) throws(SessionError) {
        guard let stack else { return }
        if stack.isBusy {
            throw SessionError(
                reason: "the stack \(name) is being changed: it is \(stack.status)",
                remedy: "run this again when that has ended"
            )
        }
        let remedies = [
            "DELETE_FAILED": "`imgwatch aws destroy` removes what is left of it",
            "ROLLBACK_FAILED": "`imgwatch aws destroy` removes what is left of it",
            "UPDATE_ROLLBACK_FAILED":
                "`aws cloudformation continue-update-rollback --stack-name \(name)` brings it back",
        ]
        guard let remedy = remedies[stack.status] else { return }
        throw SessionError(reason: "the stack \(name) can't be changed: it is \(stack.status)", remedy: remedy)
    }

    /// What somebody made before is used, and neither changed nor made again.
    private func template(
        _ formation: CloudFormation,
        isNew: Bool
    ) async throws(AWSError) -> (template: StackTemplate, existing: [String]) {
        var template = StackTemplate(of: project, stack: name)
        let own = isNew ? [] : Set(try await formation.resources(of: name).compactMap(\.id))
        var existing: [String] = []
        let ecr = ECR(try await access.client())
        for index in template.repositories.indices {
            let repository = template.repositories[index].name
            guard !own.contains(repository), try await ecr.repository(repository) != nil else { continue }
            template.repositories[index].isMade = false
            existing.append("the repository \(repository)")
        }
        if let bucket = template.bucket, !own.contains(bucket), try await access.bucket(bucket).isThere() {
            template.makesBucket = false
            existing.append("the bucket \(bucket)")
        }
        return (template, existing)
    }

    /// Those that somebody chose, now or before; the others may follow the template.
    private func values(
        _ template: StackTemplate,
        _ stack: CloudFormation.Stack?
    ) throws(SessionError) -> [String: String] {
        var values: [String: String] = [:]
        for parameter in template.parameters {
            let value = parameters[parameter.name] ?? stack?.parameters[parameter.name]
            if let value, value != parameter.value { values[parameter.name] = value }
        }
        let known = template.parameters.map(\.name)
        if let unknown = parameters.keys.sorted().first(where: { !known.contains($0) }) {
            throw SessionError(
                reason: "the template has no parameter \(unknown)",
                remedy: "it has \(known.joined(separator: ", "))",
                exitCode: 2
            )
        }
        return values
    }

    /// - Returns: nil where the proposal changes nothing; it is gone then.
    private func settled(
        _ id: String,
        _ formation: CloudFormation,
        _ changes: inout [CloudFormation.Change]
    ) async throws(AWSError) -> String? {
        var pause = Duration.milliseconds(200)
        while true {
            let proposal = try await formation.proposal(id)
            if proposal.isReady {
                changes = proposal.changes
                return id
            }
            if !proposal.isPending {
                try await formation.withdraw(id)
                if proposal.isNothing { return nil }
                throw AWSError(
                    "CloudFormation refuses the template: \(proposal.reason)",
                    remedy: "see to what is named there; `imgwatch aws template` prints the template"
                )
            }
            do { try await Task.sleep(for: pause) } catch { throw .notNeeded }
            pause = min(pause * 1.5, .seconds(3))
        }
    }

    // MARK: Done, or not

    func carryOut(_ plan: Plan) async throws(AWSError) -> [String: String] {
        guard let proposal = plan.proposal else { return plan.outputs }
        let formation = CloudFormation(try await access.client())
        let follower = follower(formation)
        let event = try await follower.latestEvent(of: plan.stack)
        try await formation.carryOut(proposal)
        return try await follower.follow(plan.stack, after: event)?.outputs ?? [:]
    }

    /// Nothing is left of it.
    func withdraw(_ plan: Plan) async throws(AWSError) {
        guard let proposal = plan.proposal else { return }
        let formation = CloudFormation(try await access.client())
        try await formation.withdraw(proposal)
        if plan.isNew { try await formation.delete(plan.stack) }
    }

    private func follower(_ formation: CloudFormation) -> StackFollower {
        StackFollower(formation: formation, tell: tell)
    }
}
