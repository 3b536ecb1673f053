/// Takes the stack down: what is in its bucket and repositories goes only when that is asked for.

import AWS
import Foundation

struct StackRemoval: Sendable {
    let access: CloudAccess
    let name: String
    let tell: @Sendable (String) -> Void

    /// What there is.
    struct Inventory: Sendable {
        var stack: CloudFormation.Stack
        var resources: [CloudFormation.Resource]
        /// Those that hold something, and how much, for people.
        var full: [(resource: CloudFormation.Resource, what: String)]
    }

    private static let (bucket, repository) = ("AWS::S3::Bucket", "AWS::ECR::Repository")

    /// nil where there is no such stack.
    func inventory() async throws -> Inventory? {
        let client = try await access.client()
        let formation = CloudFormation(client)
        guard let stack = try await formation.stack(name), !stack.isGone else { return nil }
        if stack.isBusy {
            throw SessionError(
                reason: "the stack \(name) is being changed: it is \(stack.status)",
                remedy: "run this again when that has ended"
            )
        }
        let resources = try await formation.resources(of: stack.id)
        var full: [(resource: CloudFormation.Resource, what: String)] = []
        for resource in resources {
            if let what = try await content(of: resource, client) { full.append((resource, what)) }
        }
        return Inventory(stack: stack, resources: resources, full: full)
    }

    /// nil where there is nothing in it, and of what can hold nothing.
    private func content(
        of resource: CloudFormation.Resource,
        _ client: AWSClient
    ) async throws(AWSError) -> String? {
        guard let id = resource.id else { return nil }
        if resource.type == Self.bucket {
            let bucket = try await access.bucket(id)
            guard try await bucket.isThere() else { return nil }
            let count = try await bucket.versions().count
            return count == 0 ? nil : "the bucket \(id) holds \(Self.count(count, "version", of: 1000)) of objects"
        }
        if resource.type == Self.repository {
            let ecr = ECR(client)
            guard try await ecr.repository(id) != nil else { return nil }
            let count = try await ecr.digests(in: id).count
            return count == 0 ? nil : "the repository \(id) holds \(Self.count(count, "image", of: 100))"
        }
        return nil
    }

    /// AWS gives so many at once.
    private static func count(_ count: Int, _ what: String, of most: Int) -> String {
        "\(count)\(count >= most ? " or more" : "") \(what)\(count == 1 ? "" : "s")"
    }

    /// Empties what the stack owns.
    func empty(_ inventory: Inventory) async throws(AWSError) {
        let ecr = ECR(try await access.client())
        for (resource, _) in inventory.full {
            guard let id = resource.id else { continue }
            if resource.type == Self.bucket {
                let count = try await access.bucket(id).empty()
                tell("emptied the bucket \(id): \(Self.count(count, "version", of: .max))")
            } else {
                let count = try await ecr.empty(id)
                tell("emptied the repository \(id): \(Self.count(count, "image", of: .max))")
            }
        }
    }

    func remove(_ inventory: Inventory) async throws(AWSError) {
        let formation = CloudFormation(try await access.client())
        let follower = StackFollower(formation: formation, tell: tell)
        let event = try await follower.latestEvent(of: inventory.stack.id)
        try await formation.delete(inventory.stack.id)
        _ = try await follower.follow(inventory.stack.id, after: event)
    }
}
