/// What an image reads of the project: its Dockerfile, and what `COPY` and `ADD` take from the context.

import Dockerfile
import Graph

struct ImageReads {
    let image: ImageEntry
    let dockerfile: String
    let context: String
    let reading: DockerfileReader.Reading
    let root: String

    /// nil where the configuration does not say which Dockerfile and context.
    init?(_ image: ImageEntry, _ reading: DockerfileReader.Reading, root: String) {
        guard let dockerfile = image.dockerfile, let context = image.context else { return nil }
        (self.image, self.reading, self.root) = (image, reading, root)
        (self.dockerfile, self.context) = (dockerfile.value, context.value)
    }

    var reader: Reader {
        let file = Read(
            place: image.place,
            how: "is built from `\(dockerfile)`",
            ignorable: { _ in nil },
            meets: { $0.path.covers(dockerfile) }
        )
        let copies = reading.variants.contextPaths.map { source in
            Read(
                place: image.place,
                how: "copies `\(source.path.isEmpty ? "." : source.path)` (line \(source.line) of `\(dockerfile)`)",
                ignorable: { isBroad(source, $0) ? relative($0) : nil },
                meets: { meets(source, $0) }
            ).following(LinkedPath(Self.start(of: source), context: context, root: root))
        }
        return Reader(id: image.id, kind: .image, needs: image.needs, reads: [file] + copies)
    }

    /// The output as the context sees it; "" where the whole context lies in it, nil where they have nothing in common.
    private func relative(_ output: Output) -> String? {
        if output.path.covers(context) { return "" }
        return RelativePath.relative(output.path.path, to: context)
    }

    private func meets(_ source: ContextSource, _ output: Output) -> Bool {
        guard let path = relative(output) else { return false }
        if path.isEmpty { return true }
        let seen = OutputPath(path: path, isDirectory: output.path.isDirectory)
        if Self.lacks(seen, reading.ignorePatterns) { return false }
        guard let pattern = Self.pattern(of: source) else {
            let whole = OutputPath(path: source.path, isDirectory: true)
            guard !source.path.isEmpty, !whole.covers(path) else { return !isExcluded(seen, by: source) }
            return seen.covers(source.path)
        }
        return pattern.overlaps(seen)
    }

    /// Whether `--exclude` keeps a source without wildcards, which holds the output, from taking it.
    private func isExcluded(_ output: OutputPath, by source: ContextSource) -> Bool {
        guard !source.excludes.isEmpty, let excludes = try? IgnorePatterns(patterns: source.excludes),
            let path = RelativePath.relative(output.path, to: source.path)
        else { return false }
        return Self.lacks(OutputPath(path: path, isDirectory: output.isDirectory), excludes)
    }

    private static func lacks(_ output: OutputPath, _ patterns: IgnorePatterns) -> Bool {
        output.isDirectory ? patterns.excludesEverything(below: output.path) : patterns.matches(output.path)
    }

    /// Whether the source holds more than the output, so that the output may have come in by accident.
    private func isBroad(_ source: ContextSource, _ output: Output) -> Bool {
        guard let path = relative(output), !path.isEmpty else { return false }
        return !OutputPath(path: path, isDirectory: true).covers(Self.start(of: source))
    }

    /// The path up to the first wildcard, relative to the context.
    private static func start(of source: ContextSource) -> String {
        pattern(of: source)?.staticPrefix ?? source.path
    }

    /// A source with wildcards as a pattern of ours: Go's `filepath.Match` knows no `**`, no braces and no leading `!`.
    ///
    /// nil for a source without wildcards, which is taken as it stands, and for what is no pattern in Go either.
    private static func pattern(of source: ContextSource) -> PathPattern? {
        guard let wildcards = try? WildcardPattern(source.path), wildcards.hasWildcards else { return nil }
        var text = source.path.hasPrefix("!") ? "\\" : ""
        var isEscaped = false
        for character in source.path {
            if character == "{", !isEscaped { text += "\\" }
            if character != "*" || isEscaped || text.last != "*" || source.keepsParents { text.append(character) }
            isEscaped = character == "\\" && !isEscaped
        }
        return try? PathPattern(text, place: Place(file: ""))
    }
}
