/// Whether what `COPY` and `ADD` take from the context by its very name is there: without it an image can't be made.

import Dockerfile

struct ContextCheck {
    private let root: String
    private let paths: PathCheck
    private let image: ImageEntry
    private let dockerfile: String
    private let context: String
    private let reading: DockerfileReader.Reading

    /// nil where the configuration does not say which Dockerfile and context.
    init?(_ image: ImageEntry, _ reading: DockerfileReader.Reading, _ paths: PathCheck) {
        guard let dockerfile = image.dockerfile, let context = image.context else { return nil }
        (self.image, self.reading, self.paths, root) = (image, reading, paths, paths.root)
        (self.dockerfile, self.context) = (dockerfile.value, context.value)
    }

    var problems: [Diagnostic] { reading.variants.contextPaths.compactMap(problem) }

    private func problem(_ source: ContextSource) -> Diagnostic? {
        guard !source.path.isEmpty, (try? WildcardPattern(source.path))?.hasWildcards == false else { return nil }
        let written = reading.dockerfile.place(ofSource: source.path, at: source.line)
        // What a base hands down may be missing in the path.
        guard written != nil || reading.knowsBases else { return nil }
        let path = RelativePath.join(context, source.path)
        let end = LinkedPath(source.path, context: context, root: root)?.real ?? path
        var severity = Diagnostic.Severity.warning
        let reason: String
        let remedy: String
        if let kind = FileKind.of("\(root)/\(end)", followsLinks: false) {
            let rule = LintRule.copyIgnoredFile
            guard isIgnored(source.path, kind), reading.dockerfile.counts(rule, at: source.line, reading.lint) else {
                return nil
            }
            if reading.lint.isError { severity = .error }
            let files = [reading.ignoreFile, image.ignore.isEmpty ? nil : "ignore"].compactMap(\.self)
            reason =
                "the source `\(source.path)` is left out of the context by `\(files.joined(separator: "` or `"))` "
                + "(\(rule.rawValue))"
            remedy = "Add `!\(source.path)` behind what leaves it out, or copy something else."
        } else {
            guard !paths.isMade(path), !paths.isMade(end) else { return nil }
            let folder = context.isEmpty ? "" : " `\(context)`"
            reason = "the source `\(source.path)` does not exist in the context\(folder), and no step writes it"
            remedy = proposal(for: source.path)
        }
        return Diagnostic(
            id: Rule.missingInput.id,
            severity: severity,
            place: Place(file: dockerfile, line: written?.line ?? source.line, column: written?.column ?? 1),
            reason: reason,
            remedy: remedy
        )
    }

    private func isIgnored(_ path: String, _ kind: FileKind) -> Bool {
        kind == .folder
            ? reading.ignorePatterns.excludesEverything(below: path) : reading.ignorePatterns.matches(path)
    }

    private func proposal(for path: String) -> String {
        let beside = RelativePath.parent(of: dockerfile)
        if beside != context, FileKind.of("\(root)/\(RelativePath.join(beside, path))") != nil {
            return "It is beside the Dockerfile: write `context: \(beside.isEmpty ? "." : beside)` if that is meant."
        }
        let near = FileKind.nearest(to: path, in: RelativePath.join(root, context))
        return near.map { "Did you mean `\($0)`?" } ?? "Mend the path, or make the file before the image is built."
    }
}
