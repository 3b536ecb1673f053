/// Whether the images of the project that a Dockerfile starts from or copies from can be that: for its platform, and
/// known in what they hand down.

import Dockerfile
import Graph

struct BaseCheck {
    private let images: [ImageEntry]
    private let image: ImageEntry
    private let file: String
    private let platform: String

    init(_ images: [ImageEntry], of image: ImageEntry, in file: String, _ platform: String) {
        (self.images, self.image, self.file, self.platform) = (images, image, file, platform)
    }

    func problems(_ evaluation: Evaluation) -> [Diagnostic] {
        evaluation.stages.flatMap { stage in
            let start = [start(of: stage), missing(stage.base, for: stage.platform, at: stage.line)]
            let reads = stage.instructions.flatMap { instruction in
                instruction.sources.map { missing($0, for: nil, at: instruction.line) }
            }
            return (start + reads).compactMap(\.self)
        }
    }

    private func entry(_ base: Base) -> ImageEntry? {
        guard case .project(let name) = base else { return nil }
        return images.first { $0.id.name == name }
    }

    private func missing(_ base: Base, for other: String?, at line: Int) -> Diagnostic? {
        let platform = other ?? platform
        guard let entry = entry(base), !entry.building.platforms.contains(platform) else { return nil }
        let its = entry.building.platforms.joined(separator: ", ")
        return Diagnostic(
            id: Rule.basePlatform.id,
            place: Place(file: file, line: line, column: 1),
            reason: "`\(image.id)` is made for \(platform) here, and `\(entry.id)` for \(its) alone",
            remedy:
                "Add \(platform) to the `platforms` of `\(entry.id)`, "
                + "or write `platforms` at the top, for all images."
        )
    }

    /// What an image of a command hands down (variables, the working directory, triggers) nobody knows beforehand.
    private func start(of stage: EvaluatedStage) -> Diagnostic? {
        guard let entry = entry(stage.base), entry.building.command != nil else { return nil }
        return Diagnostic(
            id: Rule.commandBase.id,
            place: Place(file: file, line: stage.line, column: 1),
            reason:
                "`\(entry.id)` is made by a command, and what it hands down to `FROM` is not known before it is "
                + "made",
            remedy: "Take its files with `COPY --from=\(entry.id)`, or let imgwatch make it from its Dockerfile."
        )
    }
}
