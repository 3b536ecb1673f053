/// Stacks of CloudFormation: what would change, that it changes, and why it did not.
///
/// Shapes: the service's API reference, CloudFormation 2010-05-15.

package struct CloudFormation: Sendable {
    private let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    // MARK: Stacks

    package struct Stack: Hashable, Sendable {
        /// It stays the same when the stack is gone, and others can have the name.
        package var id: String
        package var name: String
        /// As `CREATE_COMPLETE`.
        package var status: String
        package var reason: String?
        package var outputs: [String: String]
        package var parameters: [String: String]

        /// Something is being done to it.
        package var isBusy: Bool { status.hasSuffix("_IN_PROGRESS") && !isProposed }
        /// There is nothing in it but what was proposed.
        package var isProposed: Bool { status == "REVIEW_IN_PROGRESS" }
        /// Its first deployment failed, and everything was taken back: it can only be deleted.
        package var isStillborn: Bool { status == "ROLLBACK_COMPLETE" }
        package var isGone: Bool { status == "DELETE_COMPLETE" }
        /// What was asked for last has been done.
        package var isFine: Bool {
            ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"].contains(status)
        }

        init?(_ node: XMLNode) {
            guard let id = node["StackId"]?.text, let status = node["StackStatus"]?.text else { return nil }
            (self.id, self.status) = (id, status)
            name = node["StackName"]?.text ?? ""
            reason = node["StackStatusReason"]?.text
            outputs = Self.map(node, "Outputs", "OutputKey", "OutputValue")
            parameters = Self.map(node, "Parameters", "ParameterKey", "ParameterValue")
        }

        private static func map(_ node: XMLNode, _ list: String, _ key: String, _ value: String) -> [String: String] {
            let pairs = node.members(list).map { ($0[key]?.text ?? "", $0[value]?.text ?? "") }
            return Dictionary(pairs, uniquingKeysWith: { $1 })
        }
    }

    /// By its name, or also by its id where it is gone; nil where there is none.
    package func stack(_ name: String) async throws(AWSError) -> Stack? {
        do throws(AWSError) {
            let answer = try await client.query(.cloudformation, "DescribeStacks", [("StackName", name)])
            return answer.members("Stacks").first.flatMap { Stack($0) }
        } catch {
            guard Self.isMissing(error) else { throw error }
            return nil
        }
    }

    private static func isMissing(_ error: AWSError) -> Bool {
        error.code == "ValidationError" && error.reason.contains("does not exist")
    }

    package func delete(_ stack: String) async throws(AWSError) {
        _ = try await client.query(.cloudformation, "DeleteStack", [("StackName", stack)])
    }

    // MARK: What is in them

    package struct Resource: Hashable, Sendable {
        /// In the template.
        package var name: String
        /// As `AWS::S3::Bucket`.
        package var type: String
        /// What the service calls it; nil where it was never made.
        package var id: String?
        package var status: String
    }

    /// Those that are there, in the order of their names.
    package func resources(of stack: String) async throws(AWSError) -> [Resource] {
        let all = try await pages("ListStackResources", [("StackName", stack)], "StackResourceSummaries")
        let resources = all.map { node in
            Resource(
                name: node["LogicalResourceId"]?.text ?? "",
                type: node["ResourceType"]?.text ?? "",
                id: node["PhysicalResourceId"]?.text,
                status: node["ResourceStatus"]?.text ?? ""
            )
        }
        return resources.filter { $0.status != "DELETE_COMPLETE" }.sorted { $0.name < $1.name }
    }

    // MARK: Changes

    package struct Change: Hashable, Sendable {
        /// `Add`, `Modify`, `Remove`, and others.
        package var action: String
        package var name: String
        package var type: String
        package var id: String?
        /// `True`, `False`, `Conditional`: whether another one takes its place.
        package var replacement: String?
    }

    /// What a template would change.
    package struct Proposal: Hashable, Sendable {
        package var status: String
        package var reason: String
        package var changes: [Change]

        package var isPending: Bool { ["CREATE_PENDING", "CREATE_IN_PROGRESS"].contains(status) }
        package var isReady: Bool { status == "CREATE_COMPLETE" }
        /// CloudFormation calls that a failure.
        package var isNothing: Bool { !isPending && !isReady && CloudFormation.saysNothingChanges(reason) }
    }

    fileprivate static func saysNothingChanges(_ text: String) -> Bool {
        text.contains("didn't contain changes") || text.contains("No updates are to be performed")
    }

    /// One proposal a stack: what another one left is replaced.
    private static let proposalName = "imgwatch"

    /// - Returns: The proposal's id and the stack's; nil where CloudFormation says at once that nothing changes.
    package func propose(
        _ template: String,
        for stack: String,
        isNew: Bool,
        parameters: [String: String]
    ) async throws(AWSError) -> (proposal: String, stack: String)? {
        var fields: [(name: String, value: String)] = [
            ("StackName", stack), ("ChangeSetName", Self.proposalName), ("ChangeSetType", isNew ? "CREATE" : "UPDATE"),
            ("TemplateBody", template), ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ]
        for (index, parameter) in parameters.sorted(by: { $0.key < $1.key }).enumerated() {
            fields.append(("Parameters.member.\(index + 1).ParameterKey", parameter.key))
            fields.append(("Parameters.member.\(index + 1).ParameterValue", parameter.value))
        }
        do throws(AWSError) {
            return try await proposed(fields)
        } catch {
            if Self.saysNothingChanges(error.reason) { return nil }
            guard error.code == "AlreadyExistsException" else { throw error }
        }
        let old = [("StackName", stack), ("ChangeSetName", Self.proposalName)].map { (name: $0.0, value: $0.1) }
        _ = try await client.query(.cloudformation, "DeleteChangeSet", old)
        return try await proposed(fields)
    }

    private func proposed(
        _ fields: [(name: String, value: String)]
    ) async throws(AWSError) -> (proposal: String, stack: String)? {
        let answer = try await client.query(.cloudformation, "CreateChangeSet", fields)
        guard let proposal = answer["Id"]?.text, let stack = answer["StackId"]?.text else {
            throw AWSError(
                "cloudformation CreateChangeSet answered without a change set",
                remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
            )
        }
        return (proposal, stack)
    }

    package func proposal(_ id: String) async throws(AWSError) -> Proposal {
        var proposal = Proposal(status: "", reason: "", changes: [])
        var token: String?
        repeat {
            let fields = [("ChangeSetName", id)] + (token.map { [("NextToken", $0)] } ?? [])
            let answer = try await client.query(.cloudformation, "DescribeChangeSet", fields.map { ($0.0, $0.1) })
            proposal.status = answer["Status"]?.text ?? ""
            proposal.reason = answer["StatusReason"]?.text ?? ""
            proposal.changes += answer.members("Changes").compactMap { $0["ResourceChange"] }.map { node in
                Change(
                    action: node["Action"]?.text ?? "",
                    name: node["LogicalResourceId"]?.text ?? "",
                    type: node["ResourceType"]?.text ?? "",
                    id: node["PhysicalResourceId"].flatMap { $0.text.isEmpty ? nil : $0.text },
                    replacement: node["Replacement"].flatMap { $0.text.isEmpty ? nil : $0.text }
                )
            }
            token = answer.nextToken
        } while token != nil
        return proposal
    }

    package func carryOut(_ proposal: String) async throws(AWSError) {
        _ = try await client.query(.cloudformation, "ExecuteChangeSet", [("ChangeSetName", proposal)])
    }

    package func withdraw(_ proposal: String) async throws(AWSError) {
        _ = try await client.query(.cloudformation, "DeleteChangeSet", [("ChangeSetName", proposal)])
    }

    // MARK: Events

    package struct Event: Hashable, Sendable {
        package var id: String
        package var resource: String
        package var type: String
        /// As `CREATE_FAILED`.
        package var status: String
        package var reason: String?

        /// What failed by itself, and was not merely given up because of another failure.
        package var isCause: Bool {
            status.hasSuffix("_FAILED")
                && !["Resource creation cancelled", "Resource update cancelled", "The following resource(s) failed"]
                    .contains { reason?.contains($0) ?? false }
        }
    }

    /// The id of the newest; nil where there is none.
    package func latestEvent(of stack: String) async throws(AWSError) -> String? {
        let answer = try await client.query(.cloudformation, "DescribeStackEvents", [("StackName", stack)])
        return answer.members("StackEvents").first?["EventId"]?.text
    }

    /// Those after a known one, or all, the oldest first.
    package func events(of stack: String, after known: String?) async throws(AWSError) -> [Event] {
        var events: [Event] = []
        var token: String?
        repeat {
            let fields = [("StackName", stack)] + (token.map { [("NextToken", $0)] } ?? [])
            let answer = try await client.query(.cloudformation, "DescribeStackEvents", fields.map { ($0.0, $0.1) })
            for node in answer.members("StackEvents") {
                let id = node["EventId"]?.text ?? ""
                if id == known { return events.reversed() }
                events.append(
                    Event(
                        id: id,
                        resource: node["LogicalResourceId"]?.text ?? "",
                        type: node["ResourceType"]?.text ?? "",
                        status: node["ResourceStatus"]?.text ?? "",
                        reason: node["ResourceStatusReason"].flatMap { $0.text.isEmpty ? nil : $0.text }
                    )
                )
            }
            token = answer.nextToken
        } while token != nil
        return events.reversed()
    }

    private func pages(
        _ operation: String,
        _ fields: [(name: String, value: String)],
        _ list: String
    ) async throws(AWSError) -> [XMLNode] {
        var found: [XMLNode] = []
        var token: String?
        repeat {
            let more = token.map { [(name: "NextToken", value: $0)] } ?? []
            let answer = try await client.query(.cloudformation, operation, fields + more)
            found += answer.members(list)
            token = answer.nextToken
        } while token != nil
        return found
    }
}

extension XMLNode {
    fileprivate func members(_ list: String) -> [XMLNode] { self[list]?.all("member") ?? [] }
    fileprivate var nextToken: String? { self["NextToken"].flatMap { $0.text.isEmpty ? nil : $0.text } }
}
