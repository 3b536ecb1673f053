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
        // That a deploy is needed is told elsewhere.
        let deploys = Set(file.images.flatMap(\.deploys).map(\.id.name))
        for site in file.steps.map(\.needs) + file.images.map(\.needs) {
            let names = site.names.filter { !deploys.contains($0.value) }
            problems += unknown(names, among: steps + images, what: "step or image", plural: "steps and images")
        }
        problems += deployProblems(file, steps + images)
        for image in file.images {
            let names = image.arguments.compactMap { argument -> Placed<String>? in
                if case .image(let name) = argument.value { name } else { nil }
            }
            problems += unknown(names, among: images, what: "image", plural: "images")
        }
        return problems
    }

    private static func deployProblems(_ file: ProjectFile, _ others: [String]) -> [Diagnostic] {
        let deploys = file.images.flatMap(\.deploys)
        let known = others + deploys.map(\.id.name)
        var problems = deploys.enumerated().compactMap { at, deploy in
            deploys[..<at].first { $0.id == deploy.id }.map { first in
                Diagnostic(
                    id: Rule.sameName.id,
                    place: deploy.place,
                    reason: "`\(deploy.id)` is another deploy already (line \(first.place.line ?? 0))",
                    remedy: "Give one of the two another `name`."
                )
            }
        }
        for deploy in deploys {
            problems += unknown(
                deploy.needs.names,
                among: known,
                what: "step, image or deploy",
                plural: "steps, images and deploys"
            )
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
