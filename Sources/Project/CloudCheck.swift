/// What building in AWS and Lambda functions ask of the rest of the configuration.

import Graph

enum CloudCheck {
    static func problems(_ file: ProjectFile) -> [Diagnostic] {
        let built = file.images.filter { $0.building.builder == .codebuild }
        let deploys = file.images.flatMap(\.deploys).filter { $0.function != nil }
        return places(built, deploys, file) + names(file) + twice(deploys)
            + file.images.flatMap { image in
                (image.building.builder == .codebuild ? building(image) : [])
                    + image.deploys.filter { $0.function != nil }.flatMap { function($0, image) }
            }
    }

    /// What all of them need, told of the first.
    private static func places(_ built: [ImageEntry], _ deploys: [DeployEntry], _ file: ProjectFile) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ place: Place, _ reason: String, _ remedy: String) {
            problems.append(Diagnostic(id: Rule.aws.id, place: place, reason: reason, remedy: remedy))
        }
        let registry = "Write `registry: ACCOUNT.dkr.ecr.REGION.amazonaws.com` at the top."
        if let image = built.first, file.cloud?.value.bucket == nil {
            report(
                image.place,
                "`\(image.id)` is built by CodeBuild, and `aws` names no bucket for its context",
                "Write `aws: { bucket: NAME }` at the top; `imgwatch aws deploy` makes what is missing in AWS."
            )
        }
        if case .remote? = file.registry?.value { return problems }
        if let image = built.first {
            report(
                image.place,
                "`\(image.id)` is built by CodeBuild, which can push to no registry of this machine",
                registry
            )
        } else if let deploy = deploys.first {
            report(
                deploy.place,
                "Lambda takes images from ECR alone, and the images of this project do not go there",
                registry
            )
        }
        return problems
    }

    /// What AWS would refuse.
    private static func names(_ file: ProjectFile) -> [Diagnostic] {
        guard let cloud = file.cloud, let bucket = cloud.value.bucket, !bucket.contains("{") else { return [] }
        let isAddress = (try? /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/.wholeMatch(in: bucket)) != nil
        let isGood =
            (try? /[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.wholeMatch(in: bucket)) != nil
            && !bucket.contains("..") && !isAddress
        guard !isGood else { return [] }
        return [
            Diagnostic(
                id: Rule.aws.id,
                place: cloud.place,
                reason: "`\(bucket)` is no name that S3 takes for a bucket",
                remedy: "Take 3 to 63 lower-case letters, digits, `-` and `.`."
            )
        ]
    }

    /// Of two images one function would show whichever came last.
    private static func twice(_ deploys: [DeployEntry]) -> [Diagnostic] {
        var seen: [String: NodeID] = [:]
        return deploys.compactMap { deploy in
            guard let name = deploy.function?.name else { return nil }
            guard let first = seen[name] else {
                seen[name] = deploy.image
                return nil
            }
            return Diagnostic(
                id: Rule.aws.id,
                place: deploy.place,
                reason: "the function `\(name)` gets the image `\(first)`, and `\(deploy.image)`, too",
                remedy: "Give each image a function of its own, as by `{image}` in its name."
            )
        }
    }

    private static func building(_ image: ImageEntry) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ reason: String, _ remedy: String) {
            problems.append(Diagnostic(id: Rule.aws.id, place: image.place, reason: reason, remedy: remedy))
        }
        if !image.push {
            report(
                "`\(image.id)` is built by CodeBuild, and has `push: false`",
                "Take `push: false` out: what CodeBuild builds is found in the registry."
            )
        }
        if image.building.platforms.count > 1 {
            report(
                "`\(image.id)` is built by CodeBuild, for \(image.building.platforms.count) platforms",
                "Name one of `platforms`: one build makes an image for one."
            )
        } else if let platform = image.building.platforms.first, !["linux/amd64", "linux/arm64"].contains(platform) {
            report("CodeBuild has no machine for `\(platform)`", "Write `linux/amd64` or `linux/arm64`.")
        }
        if !image.building.secrets.isEmpty {
            report(
                "`\(image.id)` is built by CodeBuild, which is given no `secrets` of this machine",
                "Take them out; let RUN get them from AWS, by the role of the CodeBuild project."
            )
        }
        if let place = image.naming.compressionPlace {
            problems.append(
                Diagnostic(
                    id: Rule.aws.id,
                    place: place,
                    reason: "`\(image.id)` is built by CodeBuild, where docker compresses layers as it does",
                    remedy: "Take `compression` out."
                )
            )
        }
        return problems
    }

    private static func function(_ deploy: DeployEntry, _ image: ImageEntry) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ reason: String, _ remedy: String) {
            problems.append(Diagnostic(id: Rule.aws.id, place: deploy.place, reason: reason, remedy: remedy))
        }
        if let function = deploy.function { check(function, report) }
        if image.building.platforms.count > 1 {
            report(
                "Lambda takes no image for several platforms, and `\(image.id)` is one",
                "Name one of `platforms`."
            )
        } else if let platform = image.building.platforms.first,
            let function = deploy.function, CloudFunction.architecture(of: platform) != function.architecture
        {
            report(
                "the function `\(function.name)` is for \(function.architecture), and `\(image.id)` for \(platform)",
                "Let `architecture` and `platforms` say the same."
            )
        }
        return problems
    }

    private static func check(_ function: CloudFunction, _ report: (String, String) -> Void) {
        let isPlain = (try? /[A-Za-z0-9_-]{0,64}/.wholeMatch(in: function.name)) != nil
        // What stands for nothing is told of elsewhere.
        if !isPlain, !function.name.hasPrefix("arn:"), !function.name.contains("{") {
            report(
                "`\(function.name)` is no name that Lambda takes for a function",
                "Take up to 64 letters, digits, `-` and `_`, or an ARN."
            )
        }
        if let role = function.role,
            (try? /arn:[a-z-]+:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@\/-]+/.wholeMatch(in: role)) == nil
        {
            report("`\(role)` is no ARN of a role", "Write `role: arn:aws:iam::ACCOUNT:role/NAME`.")
        }
        if let alias = function.alias, (try? /(?![0-9]+$)[A-Za-z0-9_-]{1,128}/.wholeMatch(in: alias)) == nil {
            report(
                "`\(alias)` is no name that Lambda takes for an alias",
                "Take letters, digits, `-` and `_`, and not digits alone."
            )
        }
    }
}
