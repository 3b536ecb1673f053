/// Reads the deploys of an image as typed: a list of them, or a single one.

import Graph

extension ProjectFileReader {
    mutating func deploys(_ tree: Tree, of image: ImageEntry, in file: ProjectFile) -> [DeployEntry] {
        switch tree.content {
        case .mapping: return [deploy(tree, of: image, at: 0, in: file)]
        case .sequence(let items):
            return items.enumerated().map { position, item in deploy(item, of: image, at: position, in: file) }
        case .scalar:
            let example = "Write a list of commands: `deploy: [{ run: ./deploy.sh }]`."
            if tree.kind != .null { values.wrongType(tree, "`deploy`", "a list of mappings", example) }
            return []
        }
    }

    private mutating func deploy(
        _ tree: Tree,
        of image: ImageEntry,
        at position: Int,
        in file: ProjectFile
    ) -> DeployEntry {
        let fields = values.fields(tree, .deploy, of: "a deploy of `\(image.id)`")
        let name = fields["name"].flatMap { deployName($0) } ?? Self.deployName(at: position)
        var deploy = DeployEntry(id: NodeID("\(image.id)/\(name)"), image: image.id, place: tree.place)
        let what = "the deploy `\(deploy.id)`"
        let entry = Tree.Entry(key: deploy.id.name, place: tree.place, value: tree)
        deploy.needs = needs(fields["needs"], of: entry)
        deploy.directory = directory(fields["dir"])
        deploy.timeout = fields["timeout"].map { values.duration($0, "`timeout`", allowsZero: false) } ?? file.timeout
        deploy.command = command(fields["run"], of: what, in: entry)
        deploy.environment = environment(fields["env"], for: deploy.command, in: file)
        return deploy
    }

    private static func deployName(at position: Int) -> String { position == 0 ? "deploy" : "deploy-\(position + 1)" }

    private mutating func deployName(_ tree: Tree) -> String? {
        guard let text = values.text(tree, "`name`") else { return nil }
        if let fault = ReferenceSyntax.stepNameFault(text.value) {
            values.report(.name, text.place, "the name `\(text.value)` \(fault.reason)", fault.remedy)
        }
        return text.value
    }
}
