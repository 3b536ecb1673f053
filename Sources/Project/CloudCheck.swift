/// What building in AWS and Lambda functions ask of the rest of the configuration.

import Graph

enum CloudCheck {
    static func problems(_ file: ProjectFile) -> [Diagnostic] {
        file.images.flatMap { image in
            (image.building.builder == .codebuild ? building(image, file) : [])
                + image.deploys.filter { $0.function != nil }.flatMap { function($0, image, file) }
        }
    }

    private static func building(_ image: ImageEntry, _ file: ProjectFile) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ reason: String, _ remedy: String) {
            problems.append(Diagnostic(id: Rule.aws.id, place: image.place, reason: reason, remedy: remedy))
        }
        if file.cloud?.value.bucket == nil {
            report(
                "`\(image.id)` is built by CodeBuild, and `aws` names no bucket for its context",
                "Write `aws: { bucket: NAME }` at the top; `imgwatch aws deploy` makes what is missing in AWS."
            )
        }
        if !isRemote(file) {
            report(
                "`\(image.id)` is built by CodeBuild, which can push to no registry of this machine",
                "Write `registry: ACCOUNT.dkr.ecr.REGION.amazonaws.com` at the top."
            )
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

    private static func isRemote(_ file: ProjectFile) -> Bool {
        if case .remote? = file.registry?.value { true } else { false }
    }

    private static func function(_ deploy: DeployEntry, _ image: ImageEntry, _ file: ProjectFile) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        func report(_ reason: String, _ remedy: String) {
            problems.append(Diagnostic(id: Rule.aws.id, place: deploy.place, reason: reason, remedy: remedy))
        }
        if !isRemote(file) {
            report(
                "Lambda takes images from ECR alone, and the images of this project do not go there",
                "Write `registry: ACCOUNT.dkr.ecr.REGION.amazonaws.com` at the top."
            )
        }
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
}
