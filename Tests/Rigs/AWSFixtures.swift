/// What tests need to be there in AWS before they begin, and what they look at when they are done.

import Foundation

extension AWSServers {
    /// A bucket with versions.
    package func makeBucket(_ name: String) throws {
        try call("s3", "create_bucket", ["Bucket": .text(name)])
        let versioning: JSONValue = ["Status": "Enabled"]
        try call("s3", "put_bucket_versioning", ["Bucket": .text(name), "VersioningConfiguration": versioning])
    }

    package func makeRepository(_ name: String, isImmutable: Bool = true) throws {
        let mutability: JSONValue = isImmutable ? "IMMUTABLE" : "MUTABLE"
        try call("ecr", "create_repository", ["repositoryName": .text(name), "imageTagMutability": mutability])
    }

    /// A role that the service may assume, as `lambda`; gives its ARN.
    @discardableResult
    package func makeRole(_ name: String, for service: String) throws -> String {
        let policy = """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "\(service).amazonaws.com"}}]}
            """
        try call("iam", "create_role", ["RoleName": .text(name), "AssumeRolePolicyDocument": .text(policy)])
        return role(name)
    }

    package func role(_ name: String) -> String { "arn:aws:iam::\(account):role/\(name)" }

    /// A project of CodeBuild.
    ///
    /// `source`: its source's fields; by default it has none, and its buildspec does nothing. `batchRole`: the name of
    /// the role for its batches; without one it has no batches.
    package func makeProject(
        _ name: String,
        source: JSONValue = ["type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {}\n"],
        batchRole: String? = nil
    ) throws {
        var fields: [String: JSONValue] = [
            "name": .text(name), "source": source, "artifacts": ["type": "NO_ARTIFACTS"],
            "serviceRole": .text(role("codebuild")),
            "environment": [
                "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": true,
            ],
        ]
        if let batchRole { fields["buildBatchConfig"] = ["serviceRole": .text(role(batchRole))] }
        try call("codebuild", "create_project", .fields(fields))
    }

    /// A function of an image, as `REGISTRY/NAME:TAG`; it is there when this returns, and may be pending.
    package func makeFunction(_ name: String, image: String, role: String) throws {
        let code: JSONValue = ["ImageUri": .text(image)]
        try call(
            "lambda",
            "create_function",
            ["FunctionName": .text(name), "PackageType": "Image", "Code": code, "Role": .text(role)]
        )
    }

    /// `Configuration`, `Code` and `Tags`.
    package func function(_ name: String) throws -> JSONValue {
        try call("lambda", "get_function", ["FunctionName": .text(name)])
    }

    /// The image that it runs, by digest.
    package func image(ofFunction name: String) throws -> String? {
        try function(name)["Code"]["ResolvedImageUri"].text
    }

    /// The digest under a tag; nil where there is no such tag.
    package func digest(of tag: String, in repository: String) throws -> String? {
        let ids: JSONValue = [["imageTag": .text(tag)]]
        let found = try call("ecr", "batch_get_image", ["repositoryName": .text(repository), "imageIds": ids])
        return found["images"][0]["imageId"]["imageDigest"].text
    }

    /// All of a repository's images, as DescribeImages tells them.
    package func images(in repository: String) throws -> [JSONValue] {
        try call("ecr", "describe_images", ["repositoryName": .text(repository)])["imageDetails"].list
    }

    /// Gives the object's version.
    @discardableResult
    package func put(_ bytes: some Sequence<UInt8>, _ bucket: String, _ key: String) throws -> String? {
        let body = JSONValue.text("base64:" + Data(bytes).base64EncodedString())
        let answer = try call("s3", "put_object", ["Bucket": .text(bucket), "Key": .text(key), "Body": body])
        return answer["VersionId"].text
    }

    /// An object's text.
    package func text(_ bucket: String, _ key: String) throws -> String? {
        try call("s3", "get_object", ["Bucket": .text(bucket), "Key": .text(key)])["Body"].text
    }

    /// The keys of a bucket's objects, in order.
    package func keys(in bucket: String) throws -> [String] {
        try call("s3", "list_objects_v2", ["Bucket": .text(bucket)])["Contents"].list.compactMap { $0["Key"].text }
    }

    /// The builds of a project, the oldest first; those of all projects where none is named.
    package func builds(of project: String? = nil) throws -> [JSONValue] {
        let order = JSONValue.text("ASCENDING")
        let ids = try project.map {
            try call("codebuild", "list_builds_for_project", ["projectName": .text($0), "sortOrder": order])["ids"]
        }
        let all = try ids ?? call("codebuild", "list_builds", ["sortOrder": order])["ids"]
        return all.list.isEmpty ? [] : try call("codebuild", "batch_get_builds", ["ids": all])["builds"].list
    }

    package func build(_ id: String) throws -> JSONValue {
        try call("codebuild", "batch_get_builds", ["ids": [.text(id)]])["builds"][0]
    }

    /// Waits until a build is over, and gives it.
    package func finishedBuild(_ id: String) async throws -> JSONValue {
        try await Waiting.until("the end of build \(id)") {
            let build = try self.build(id)
            return build["buildComplete"] == true ? build : nil
        }
    }

    /// Waits until a batch is over, and gives it.
    package func finishedBatch(_ id: String) async throws -> JSONValue {
        try await Waiting.until("the end of batch \(id)") {
            let batch = try call("codebuild", "batch_get_build_batches", ["ids": [.text(id)]])["buildBatches"][0]
            return batch["complete"] == true ? batch : nil
        }
    }

    /// What a build printed so far, with what the service says of its phases.
    package func buildLog(_ build: JSONValue) throws -> String {
        let logs = build["logs"]
        guard logs["groupName"] != .null else { return "" }
        let fields: JSONValue = [
            "logGroupName": logs["groupName"], "logStreamName": logs["streamName"], "startFromHead": true,
            "limit": 10000,
        ]
        let events = try call("logs", "get_log_events", fields)["events"].list
        return events.compactMap { $0["message"].text }.joined()
    }
}
