/// Reads the images of `.imgwatch` as typed.

import Dockerfile
import Graph

extension ProjectFileReader {
    mutating func image(_ entry: Tree.Entry, in file: ProjectFile) -> ImageEntry? {
        if let fault = ReferenceSyntax.imageNameFault(entry.key) {
            values.report(.name, entry.place, "the name `\(entry.key)` \(fault.reason)", fault.remedy)
        }
        var image = ImageEntry(id: NodeID(entry.key), place: entry.place)
        let fields = values.fields(entry.value, .image, of: "the image `\(entry.key)`")
        image.context = Placed(value: "", place: entry.place)
        if let context = fields["context"] { image.context = self.path(context, "context") }
        if let dockerfile = fields["dockerfile"] {
            image.dockerfile = self.path(dockerfile, "Dockerfile")
        } else {
            image.dockerfile = image.context.map {
                Placed(value: RelativePath.join($0.value, "Dockerfile"), place: $0.place)
            }
        }
        image.target = fields["target"].flatMap { values.text($0, "`target`") }
        if let args = fields["args"] { image.arguments = arguments(args) }
        if let labels = fields["labels"] { image.labels = self.labels(labels) }
        if let ignore = fields["ignore"] { image.ignore = values.texts(ignore, "`ignore`") }
        image.needs = needs(fields["needs"], of: entry)
        image.push = fields["push"].flatMap { values.bool($0, "`push`") } ?? true
        if let aliases = fields["aliases"] { image.aliases = self.aliases(aliases) }
        image.naming = naming(fields, else: file.naming)
        image.building = building(fields, else: file.building, in: file)
        if image.building.command != nil { standAlone(&image, fields) }
        image.deploys = fields["deploy"].map { deploys($0, of: image, in: file) } ?? []
        if let function = fields["lambda"].flatMap({ function($0, of: image) }) { image.deploys.append(function) }
        return image
    }

    /// Nothing is read of a Dockerfile where a command makes the image: its definition stands here, and what is said at
    /// the top of what goes into images is said of others.
    private mutating func standAlone(_ image: inout ImageEntry, _ fields: [String: Tree]) {
        image.naming.showsRevision = false
        (image.building.network, image.building.secrets, image.building.sharesHeads) = (nil, [], false)
        for key in ["dockerfile", "target", "labels", "revision", "network", "secrets", "heads", "pull"] {
            guard let tree = fields[key] else { continue }
            values.report(
                .value,
                tree.place,
                "`\(key)` means nothing for an image that a command makes",
                "Take it out: `builder: { run: … }` is told the context by IMGWATCH_CONTEXT, and `args` as variables."
            )
        }
        image.dockerfile = Placed(value: image.place.file, place: image.place)
    }

    /// `tag`, `tag-moves`, `revision` and `compression`: those of the image, or those at the top.
    mutating func naming(_ fields: [String: Tree], else inherited: ImageNaming) -> ImageNaming {
        var naming = inherited
        if let tag = fields["tag"] { naming.tag = self.tag(tag) }
        naming.movesTag = fields["tag-moves"].flatMap { values.bool($0, "`tag-moves`") } ?? inherited.movesTag
        naming.showsRevision = fields["revision"].flatMap { values.bool($0, "`revision`") } ?? inherited.showsRevision
        naming.compressionPlace = fields["compression"]?.place
        if let compression = fields["compression"] {
            naming.compression = word(compression, "`compression`", Compression.self, plural: "compressions")
        }
        return naming
    }

    private mutating func tag(_ tree: Tree) -> Placed<TagTemplate>? {
        guard let text = values.text(tree, "`tag`") else { return nil }
        do throws(NameFault) {
            return Placed(value: try TagTemplate(parsing: text.value), place: text.place)
        } catch {
            values.report(.tag, text.place, "the tag `\(text.value)` \(error.reason)", error.remedy)
            return nil
        }
    }

    private mutating func path(_ tree: Tree, _ what: String) -> Placed<String>? {
        values.text(tree, "`\(what.lowercased())`").flatMap { text in
            path(text, what: "the \(what)").map { Placed(value: $0.path, place: text.place) }
        }
    }

    private mutating func arguments(_ tree: Tree) -> [(key: String, value: ImageEntry.Argument)] {
        values.entries(tree, of: "`args`", like: "NAME: value").compactMap { entry in
            let what = "the argument `\(entry.key)`"
            guard !entry.key.isEmpty else {
                values.report(.value, entry.place, "an argument has an empty name", "Write `NAME: value`.")
                return nil
            }
            guard case .mapping = entry.value.content else {
                return values.text(entry.value, what, anyScalar: true).map { (entry.key, .value($0.value)) }
            }
            let before = values.problems.count
            guard let image = values.fields(entry.value, .argument, of: what)["image"] else {
                if values.problems.count > before { return nil }
                values.report(
                    .missingKey,
                    entry.place,
                    "\(what) is a mapping that names no image",
                    "Write `\(entry.key): { image: NAME }` for another image's reference, or a string."
                )
                return nil
            }
            return values.text(image, "`image`").map { (entry.key, .image($0)) }
        }
    }

    private mutating func labels(_ tree: Tree) -> [KeyValue] {
        values.entries(tree, of: "`labels`", like: "com.example.team: shop").compactMap { entry in
            if entry.key.isEmpty || entry.key.contains(where: { $0.isWhitespace || $0 == "=" }) {
                values.report(
                    .label,
                    entry.place,
                    "`\(entry.key)` is no name of a label",
                    "Write a name without spaces and `=`, like `com.example.team`."
                )
                return nil
            }
            return values.text(entry.value, "the label `\(entry.key)`", anyScalar: true)
                .map { KeyValue(entry.key, $0.value) }
        }
    }

    private mutating func aliases(_ tree: Tree) -> [Placed<String>] {
        var aliases: [Placed<String>] = []
        for text in values.texts(tree, "`aliases`") {
            if let fault = ReferenceSyntax.aliasFault(text.value) {
                values.report(.alias, text.place, "the alias `\(text.value)` \(fault.reason)", fault.remedy)
            } else if !aliases.contains(where: { $0.value == text.value }) {
                aliases.append(text)
            }
        }
        return aliases
    }
}
