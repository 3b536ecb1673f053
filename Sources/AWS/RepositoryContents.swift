/// How a repository of ECR is, and how it is emptied: what the stack is deployed, removed and looked at with.

internal import OCI

extension ECR {
    package struct Repository: Hashable, Sendable {
        package var name: String
        /// `IMMUTABLE`, `MUTABLE`, or one of both `_WITH_EXCLUSION`.
        package var mutability: String
        /// As `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`.
        package var address: String
    }

    /// nil where there is none of this name.
    package func repository(_ name: String) async throws(AWSError) -> Repository? {
        do throws(AWSError) {
            let answer = try await client.call(
                .ecr,
                "DescribeRepositories",
                .fields(["repositoryNames": .texts([name])])
            )
            guard let found = answer["repositories"]?.array?.first else { return nil }
            return Repository(
                name: name,
                mutability: found["imageTagMutability"]?.text ?? "MUTABLE",
                address: found["repositoryUri"]?.text ?? ""
            )
        } catch {
            guard error.code == "RepositoryNotFoundException" else { throw error }
            return nil
        }
    }

    /// The digests of the images in it, as many as ECR gives in one answer.
    package func digests(in repository: String) async throws(AWSError) -> Set<String> {
        let answer = try await client.call(.ecr, "ListImages", .fields(["repositoryName": .text(repository)]))
        return Set((answer["imageIds"]?.array ?? []).compactMap { $0["imageDigest"]?.text })
    }

    /// Removes all images.
    ///
    /// - Returns: How many there were.
    package func empty(_ repository: String) async throws(AWSError) -> Int {
        var count = 0
        while true {
            var rest = try await digests(in: repository).sorted()[...]
            guard !rest.isEmpty else { return count }
            var gone = 0
            while !rest.isEmpty {
                gone += try await delete(Array(rest.prefix(Self.mostDeleted)), from: repository)
                rest = rest.dropFirst(Self.mostDeleted)
            }
            // What an index names goes in the next round, when the index is gone.
            guard gone > 0 else {
                throw AWSError(
                    "the images in \(repository) can't be deleted",
                    remedy: "see what holds them: `aws ecr batch-delete-image --repository-name \(repository)` says why"
                )
            }
            count += gone
        }
    }

    /// ECR takes no more in one request.
    private static let mostDeleted = 100

    private func delete(_ digests: [String], from repository: String) async throws(AWSError) -> Int {
        let ids = digests.map { JSON.fields(["imageDigest": .text($0)]) }
        let input = JSON.fields(["repositoryName": .text(repository), "imageIds": .array(ids)])
        let answer = try await client.call(.ecr, "BatchDeleteImage", input)
        return Set((answer["imageIds"]?.array ?? []).compactMap { $0["imageDigest"]?.text }).count
    }
}
