/// What deploys and tags ask of the rest of the configuration.

import Graph

enum DeployCheck {
    static func problems(_ file: ProjectFile) -> [Diagnostic] {
        let deploys = Set(file.images.flatMap(\.deploys).map(\.id.name))
        let needed = (file.steps.map { ("step", $0.id, $0.needs) } + file.images.map { ("image", $0.id, $0.needs) })
            .flatMap { kind, id, needs in
                needs.names.filter { deploys.contains($0.value) }.map { needsDeploy(kind, id, $0) }
            }
        return needed + file.images.flatMap { image in unpushed(image) + sameTag(image) }
    }

    private static func needsDeploy(_ kind: String, _ id: NodeID, _ name: Placed<String>) -> Diagnostic {
        Diagnostic(
            id: Rule.deploy.id,
            place: name.place,
            reason:
                "the \(kind) `\(id)` needs the deploy `\(name.value)`, but a deploy makes no file that it could read",
            remedy: "Need the image or the steps instead; what must come after a deploy is another deploy."
        )
    }

    private static func unpushed(_ image: ImageEntry) -> [Diagnostic] {
        guard !image.push else { return [] }
        return image.deploys.map { deploy in
            Diagnostic(
                id: Rule.deploy.id,
                place: deploy.place,
                reason: "`\(deploy.id)` deploys an image that has `push: false`, so nobody could pull it",
                remedy: "Take `push: false` away from `\(image.id)`, or the deploy."
            )
        }
    }

    /// A tag that stands still is no alias too: nobody could say whether it may move.
    private static func sameTag(_ image: ImageEntry) -> [Diagnostic] {
        guard let tag = image.naming.tag?.value, tag.isStatic else { return [] }
        let tags = [false, true].map { tag.tag(commit: nil, isDirty: $0, key: "", image: image.id.name) }
        return image.aliases.filter { tags.contains($0.value) }.map { alias in
            Diagnostic(
                id: Rule.tag.id,
                place: alias.place,
                reason: "`\(alias.value)` is the tag of `\(image.id)` and one of its aliases",
                remedy: "Take the alias away; `tag-moves: true` lets the tag name the newest image, as an alias does."
            )
        }
    }
}
