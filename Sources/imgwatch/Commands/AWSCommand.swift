/// `imgwatch aws`: what a project needs in AWS, made, removed and looked at.

import AWS
import ArgumentParser
import Dockerfile
import Foundation
import Graph
import OCI
import Project
import Reporting

struct AWSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aws",
        abstract: "Make, remove and look at what a project needs in AWS.",
        discussion: """
            All of it is one CloudFormation stack: repositories for the images, a bucket for contexts, a CodeBuild \
            project, and roles. Region and credentials are found as the AWS CLI finds them; `aws:` in the \
            configuration goes before.
            """,
        subcommands: [
            AWSTemplateCommand.self, AWSDeployCommand.self, AWSDestroyCommand.self, AWSDoctorCommand.self,
            AWSBuildspecCommand.self,
        ]
    )
}

/// What commands about the stack take.
struct StackOptions: ParsableArguments {
    @Option(help: "The name of the stack; without it imgwatch-PROJECT.")
    var stack: String?
}

struct AWSTemplateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "template",
        abstract: "Print the CloudFormation template with all that the project needs in AWS.",
        discussion: "It asks AWS nothing, and is the same for the same configuration."
    )

    @OptionGroup var stack: StackOptions
    @OptionGroup var options: CommonOptions

    func run() async throws {
        let text = try StackTemplate(of: try options.load().project, stack: stack.stack).text()
        guard !options.isJSON else { return Say.json(.object([.init("template", .text(text))])) }
        _ = Output.standard.write(Array(text.utf8))
    }
}

struct AWSBuildspecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "buildspec",
        abstract: "Print what CodeBuild executes to make an image.",
        discussion: "It is text that each build brings with it; AWS is asked nothing."
    )

    @Argument(help: "The image.")
    var name: String

    @Flag(help: "As `imgwatch build` starts it where nobody waits; in a batch it has a graph besides.")
    var detached = false

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let project = try options.load().project
        let built = project.images.filter { $0.building.builder == .codebuild }
        guard let image = project.image(NodeID(name)) else {
            let known = project.images.map(\.id.name)
            let guess = Nearest.to(name, in: known).map { "did you mean `\($0)`? " } ?? ""
            throw SessionError(
                reason: "there is no image named \(name)",
                remedy: "\(guess)this project has: \(known.joined(separator: ", "))",
                exitCode: 2
            )
        }
        guard image.building.builder == .codebuild else {
            let others = built.map(\.id.name).joined(separator: ", ")
            throw SessionError(
                reason: "\(name) is not built by CodeBuild: its builder is \(image.building.builder.rawValue)",
                remedy: others.isEmpty
                    ? "write `builder: codebuild` for it, or at the top" : "CodeBuild builds \(others)",
                exitCode: 2
            )
        }
        let text = try buildspec(of: image)
        guard !options.isJSON else {
            return Say.json(.object([.init("image", .text(name)), .init("buildspec", .text(text))]))
        }
        _ = Output.standard.write(Array(text.utf8))
    }

    private func buildspec(of image: Image) throws(SessionError) -> String {
        do {
            var buildspec = try CloudImage(image).buildspec
            buildspec.isDetached = detached
            return buildspec.text
        } catch {
            throw SessionError(reason: "\(image.dockerfile): \(error.reason)", remedy: error.remedy, exitCode: 2)
        }
    }
}
