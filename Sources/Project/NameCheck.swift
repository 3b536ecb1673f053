/// Names must name something, and one thing only.

import Graph

enum NameCheck {
    static func problems(_ file: ProjectFile) -> [Diagnostic] {
        let steps = file.steps.map(\.id.name)
        let images = file.images.map(\.id.name)
        var problems = file.images.compactMap { image in
            file.steps.first { $0.id == image.id }.map { step in
                Diagnostic(
                    id: Rule.sameName.id,
                    place: image.place,
                    reason:
                        "`\(image.id)` is a step already (line \(step.place.line ?? 0)), and an image "
                        + "cannot share its name",
                    remedy: "Give one of the two another name."
                )
            }
        }
        for site in file.steps.map(\.needs) + file.images.map(\.needs) {
            problems += unknown(site.names, among: steps + images, what: "step or image", plural: "steps and images")
        }
        for image in file.images {
            let names = image.arguments.compactMap { argument -> Placed<String>? in
                if case .image(let name) = argument.value { name } else { nil }
            }
            problems += unknown(names, among: images, what: "image", plural: "images")
        }
        return problems
    }

    private static func unknown(
        _ names: [Placed<String>],
        among known: [String],
        what: String,
        plural: String
    ) -> [Diagnostic] {
        names.filter { !known.contains($0.value) }.map { name in
            Diagnostic(
                id: Rule.unknownName.id,
                place: name.place,
                reason: "there is no \(what) called `\(name.value)`",
                remedy: Nearest.remedy(for: name.value, in: known, plural: plural)
            )
        }
    }
}
