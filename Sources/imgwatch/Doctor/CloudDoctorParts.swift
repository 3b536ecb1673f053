/// The parts of AWS that builds and functions need, one after the other: there or not, and as they must be.

import AWS
import Foundation
import OCI
import Project
import Reporting

extension CloudDoctor {
    private static let deploys = "`imgwatch aws deploy` makes it"

    private var buildsInCloud: Bool { project.images.contains { $0.building.builder == .codebuild } }

    // MARK: The bucket

    func bucket(_ client: AWSClient) async throws(AWSError) -> [Line] {
        guard let name = project.cloud?.bucket else {
            return [Line(.note, "the configuration names no bucket: nothing is built by CodeBuild")]
        }
        let bucket = try await access.bucket(name)
        guard try await bucket.isThere() else {
            return [Line(.problem, "there is no bucket \(name)", remedies: [Self.deploys])]
        }
        var lines: [Line] = []
        let region = try await bucket.region()
        if region != client.region {
            lines.append(
                Line(
                    .problem,
                    "the bucket \(name) lies in \(region), and builds in \(client.region)",
                    remedies: ["name a bucket in \(client.region), or set `region: \(region)` in `aws:`"]
                )
            )
        }
        if try await !bucket.keepsVersions() {
            lines.append(
                Line(
                    .problem,
                    "the bucket \(name) keeps no versions: a build may get another context than its own",
                    remedies: [
                        "aws s3api put-bucket-versioning --bucket \(name) --versioning-configuration Status=Enabled"
                    ]
                )
            )
        }
        return lines.isEmpty ? [Line(.ok, "the bucket \(name) is there, in \(region), and keeps versions")] : lines
    }

    // MARK: CodeBuild

    func builds(_ client: AWSClient) async throws(AWSError) -> [Line] {
        let name = project.cloudSettings.project
        guard buildsInCloud || project.cloud?.bucket != nil else { return [] }
        guard let found = try await CodeBuild(client).project(name) else {
            return [
                Line(
                    buildsInCloud ? .problem : .note,
                    "there is no CodeBuild project \(name)",
                    remedies: [Self.deploys + ", or name another one by `project` in `aws:`"]
                )
            ]
        }
        var lines: [Line] = []
        if found["environment"]?["privilegedMode"]?.boolean != true {
            lines.append(
                Line(
                    .problem,
                    "the CodeBuild project \(name) is not privileged: docker can't run in its builds",
                    remedies: ["set `privilegedMode` in its environment; `imgwatch aws template` shows how"]
                )
            )
        }
        if found["buildBatchConfig"]?["serviceRole"]?.text == nil {
            lines.append(
                Line(
                    .note,
                    "the CodeBuild project \(name) has no role for batches: builds wait for bases where nobody does",
                    remedies: ["set `buildBatchConfig`; `imgwatch aws template` shows how"]
                )
            )
        }
        let machine = found["environment"]?["image"]?.text ?? ""
        let ok = "the CodeBuild project \(name) is there, privileged, with a role for batches; it builds in \(machine)"
        return lines.isEmpty ? [Line(.ok, ok)] : lines
    }

    func pipeline(_ client: AWSClient) async throws(AWSError) -> [Line] {
        guard let name = project.cloud?.pipeline else { return [] }
        let found = try await Pipelines(client).pipeline(name)
        var lines: [Line] = []
        if !found.takesKeys {
            lines.append(
                Line(
                    .problem,
                    "the source \(found.source) of the pipeline \(name) takes no other object than its own",
                    remedies: ["set `AllowOverrideForS3ObjectKey: true` in its configuration"]
                )
            )
        }
        lines += try await buildAction(found, client)
        if found.mode != "PARALLEL" {
            lines.append(
                Line(
                    .note,
                    "the pipeline \(name) has one execution at a time (\(found.mode)): builds wait for each other",
                    remedies: ["set its `executionMode` to PARALLEL"]
                )
            )
        }
        return lines.isEmpty ? [Line(.ok, "the pipeline \(name) is there, and takes any context")] : lines
    }

    /// The project of the pipeline's builds takes the commands from the archive.
    private func buildAction(_ pipeline: Pipelines.Pipeline, _ client: AWSClient) async throws(AWSError) -> [Line] {
        guard let name = pipeline.project else {
            return [
                Line(
                    .problem,
                    "the pipeline \(pipeline.name) has no action of CodeBuild",
                    remedies: ["give it one that gets the source of \(pipeline.source)"]
                )
            ]
        }
        guard let project = try await CodeBuild(client).project(name) else {
            return [
                Line(
                    .problem,
                    "there is no CodeBuild project \(name), which the pipeline \(pipeline.name) builds with",
                    remedies: ["make it, privileged and without a buildspec of its own"]
                )
            ]
        }
        let buildspec = project["source"]?["buildspec"]?.text ?? ""
        guard !["", "buildspec.yml"].contains(buildspec) else { return [] }
        return [
            Line(
                .problem,
                "the CodeBuild project \(name) has commands of its own, and not those of `buildspec.yml`",
                remedies: ["take its buildspec out; imgwatch puts `buildspec.yml` into each archive"]
            )
        ]
    }

    // MARK: Repositories

    func repositories(_ client: AWSClient) async -> [Line] {
        guard let host = project.registryHost else { return [] }
        // Another account's or region's are told of elsewhere.
        if let region = ECR.region(of: host), region != client.region { return [] }
        let ecr = ECR(client)
        var lines: [Line] = []
        for wanted in template.repositories {
            do throws(AWSError) {
                lines.append(Self.line(try await ecr.repository(wanted.name), wanted))
            } catch {
                // The next one would be refused as well.
                return lines + [Self.line(error)]
            }
        }
        return lines
    }

    private static func line(_ found: ECR.Repository?, _ wanted: StackTemplate.Repository) -> Line {
        guard let found else {
            return Line(.problem, "there is no repository \(wanted.name)", remedies: [deploys])
        }
        let set = { (word: String) in
            "aws ecr put-image-tag-mutability --repository-name \(found.name) --image-tag-mutability \(word)"
        }
        switch (wanted.moving, found.mutability) {
        case (.none, "MUTABLE"):
            let isBad = wanted.isBase || !wanted.functions.isEmpty
            return Line(
                isBad ? .problem : .note,
                "the repository \(found.name) lets tags be overwritten: what a tag shows may not be what was built",
                remedies: [set("IMMUTABLE")]
            )
        case (.all, "IMMUTABLE"), (.these, "IMMUTABLE"):
            return Line(
                .problem,
                "the repository \(found.name) lets no tag move, and the image has tags that do",
                remedies: [set("MUTABLE")]
            )
        default: return Line(.ok, "the repository \(found.name) is there, \(found.mutability)")
        }
    }

    // MARK: Functions

    func functions(_ client: AWSClient) async -> [Line] {
        let functions = Functions(client)
        var lines: [Line] = []
        for wanted in project.images.flatMap(\.functions) {
            do throws(AWSError) {
                lines.append(Self.line(try await functions.function(wanted.name), wanted))
            } catch {
                return lines + [Self.line(error)]
            }
        }
        return lines
    }

    private static func line(_ found: Functions.Function?, _ wanted: CloudFunction) -> Line {
        let name = wanted.name
        guard let found else {
            guard wanted.role != nil else {
                return Line(
                    .problem,
                    "there is no function \(name), and no `role` to make it with",
                    remedies: ["write `role: ARN` into `lambda`: `imgwatch aws deploy` makes one, and says its ARN"]
                )
            }
            return Line(.note, "there is no function \(name) yet: it is made with its first image")
        }
        guard found.packageType == "Image" else {
            return Line(
                .problem,
                "the function \(name) runs a zip file, and can't be changed to run an image",
                remedies: ["choose another name for `function`, or delete it first"]
            )
        }
        guard found.architecture == wanted.architecture else {
            return Line(
                .problem,
                "the function \(name) is for \(found.architecture), and the image for \(wanted.architecture)",
                remedies: ["set `platforms` of the image to what the function is made for"]
            )
        }
        guard found.state != "Failed", found.updateStatus != "Failed" else {
            let reason = found.updateReason ?? found.stateReason ?? "Lambda does not say why"
            return Line(
                .problem,
                "the function \(name) can't run what it was given last: \(reason)",
                remedies: ["mend the image, or the function's role"]
            )
        }
        return Line(.ok, "the function \(name) is there, for \(found.architecture), \(found.state.lowercased())")
    }
}
