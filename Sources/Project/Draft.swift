/// What `imgwatch init` writes: a commented configuration for the Dockerfiles that a project has.

import Dockerfile
import Graph

package enum Draft {
    /// The text of an `.imgwatch` for the project in `root`; without Dockerfiles, one that only explains itself.
    ///
    /// - Throws: `config-missing` where `root` is no folder.
    package static func make(in root: String) throws(Diagnostic) -> String {
        guard let real = AbsolutePath.real(root), FileKind.of(real) == .folder else {
            throw Diagnostic(
                id: Rule.missing.id,
                place: Place(file: root),
                reason: "there is no such folder",
                remedy: "run `imgwatch init` in the project's folder"
            )
        }
        let found = DockerfileSearch.run(in: real)
        guard !found.isEmpty else { return head + steps + noImages }
        let names = found.map(\.name)
        return head + steps + "images:\n" + found.map { image($0, in: real, names: names) }.joined(separator: "\n")
    }

    private static let head = """
        # What imgwatch keeps fresh: which images, from which Dockerfiles, after which steps.
        # `imgwatch check` says what is wrong with this file; docs/configuration.md explains every key.

        # Where the images go. Without this, imgwatch serves them itself, on this machine.
        # registry: oci:../images

        """

    private static let steps = """

        # Steps are commands that make files. An image that copies what a step writes needs that step, and then waits
        # for it after every edit:
        # steps:
        #   build-ui:
        #     run: npm --prefix ui run build
        #     inputs: [ui/src/**, ui/package.json]
        #     outputs: [ui/dist/]


        """

    private static let noImages = """
        # No Dockerfile was found. An image is named like this:
        # images:
        #   server:
        #     dockerfile: server/Dockerfile
        #     context: server
        #     needs: [build-ui]

        """

    private static func image(_ found: DockerfileSearch.Found, in root: String, names: [String]) -> String {
        let evaluation = evaluation(of: found, in: root, names: names)
        let context = context(of: found, evaluation, in: root)
        var lines = ["  \(found.name):"]
        let bases = evaluation?.projectBases.map(\.image.name) ?? []
        if !bases.isEmpty {
            let list = bases.map { "`\($0)`" }.joined(separator: ", ")
            lines.append("    # The Dockerfile names \(list): built first, and this image again whenever it changes.")
        }
        if !context.isEmpty { lines.append("    context: \(quoted(context))") }
        if context.isEmpty || found.path != "\(context)/Dockerfile" {
            lines.append("    dockerfile: \(quoted(found.path))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// nil for a Dockerfile that cannot be read; `imgwatch check` will say why.
    private static func evaluation(
        of found: DockerfileSearch.Found,
        in root: String,
        names: [String]
    ) -> Evaluation? {
        guard let text = try? TextFile.read("\(root)/\(found.path)"), let parsed = try? Dockerfile.parse(text) else {
            return nil
        }
        let others = names.filter { $0 != found.name }.map { ($0, $0) }
        let images = Dictionary(others, uniquingKeysWith: { first, _ in first })
        return try? parsed.evaluate(EvaluationOptions(projectImages: images))
    }

    /// The Dockerfile's own folder if it holds everything that is copied, else the root ("").
    private static func context(
        of found: DockerfileSearch.Found,
        _ evaluation: Evaluation?,
        in root: String
    ) -> String {
        let folder = RelativePath.parent(of: found.path)
        let sources = evaluation?.contextPaths.map(\.path) ?? []
        if folder.isEmpty || sources.isEmpty { return "" }
        let isWithin = sources.allSatisfy { source in
            let start = source.split(separator: "/").prefix { !$0.contains { "*?[\\".contains($0) } && $0 != "." }
            if start.isEmpty { return !DockerfileSearch.isGathering(folder) }
            return FileKind.of("\(root)/\(folder)/\(start.joined(separator: "/"))") != nil
        }
        return isWithin ? folder : ""
    }

    /// A YAML scalar, in quotes where it is not plain; a dollar sign is doubled.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { Variables.isNameByte($0) || "./-".utf8.contains($0) }
        if isPlain, Tree.kind(of: text) == .string, !text.hasPrefix("-") { return text }
        let escaped = text.flatMap { character -> String in
            switch character {
            case "\\", "\"": "\\\(character)"
            case "$": "$$"
            default: String(character)
            }
        }
        return "\"\(String(escaped))\""
    }
}
