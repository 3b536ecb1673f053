/// An image of the project as the configuration and its Dockerfile mean it.

package import Dockerfile
package import Graph

/// An image, and the Dockerfile that makes it.
package struct Image: Equatable, Sendable {
    package enum Argument: Equatable, Sendable {
        case value(String)
        /// The exact reference of another image of the project.
        case image(NodeID)
    }
    package var id: NodeID
    /// Relative to the root, clean.
    package var dockerfile: String
    /// Relative to the root, clean; "" is the root.
    package var context: String
    package var target: String?
    package var arguments: [(key: String, value: Argument)]
    package var labels: [KeyValue]
    /// Patterns in the syntax of `.dockerignore`, after those of the ignore file.
    package var ignore: [String]
    /// The ignore file that is in force, relative to the root; nil where there is none.
    package var ignoreFile: String?
    /// What `needs` says, then what follows from arguments, `FROM` and `COPY --from`.
    package var needs: [NodeID]
    package var push: Bool
    package var aliases: [String]
    /// What it is called; nil: by its content.
    package var tag: TagTemplate?
    /// Whether ``tag`` may be taken from other content.
    package var movesTag: Bool
    /// Whether the commit of its own files stands in the image: then it is part of the key.
    package var showsRevision: Bool
    /// Where the configuration says so: then it is part of the key.
    package var compression: Compression?
    package var building: ImageBuilding
    /// What happens once it is published.
    package var deploys: [Deploy]
    package var place: Place
    /// One for each platform that it is made for, the first one first; never empty.
    package var variants: [ImageVariant]
    /// Its text; what only the text says (comments, stages that nothing needs) makes it no other image.
    package var source: Dockerfile?
    /// What the context holds of this image's inputs.
    package var ignorePatterns: IgnorePatterns
    /// Where each line of the text of ``ignorePatterns`` is written.
    package var ignorePlaces: [Place]

    package init(
        id: NodeID,
        dockerfile: String,
        context: String,
        target: String?,
        arguments: [(key: String, value: Argument)],
        labels: [KeyValue],
        ignore: [String],
        ignoreFile: String?,
        needs: [NodeID],
        push: Bool,
        aliases: [String],
        tag: TagTemplate? = nil,
        movesTag: Bool = false,
        showsRevision: Bool = false,
        compression: Compression? = nil,
        building: ImageBuilding = ImageBuilding(),
        source: Dockerfile? = nil,
        deploys: [Deploy] = [],
        place: Place,
        evaluation: Evaluation,
        ignorePatterns: IgnorePatterns,
        ignorePlaces: [Place] = [],
        externalBases: [BasePin] = [],
        platform: String = Loader.hostPlatform
    ) {
        (self.id, self.dockerfile, self.context, self.target) = (id, dockerfile, context, target)
        (self.arguments, self.labels, self.ignore, self.ignoreFile) = (arguments, labels, ignore, ignoreFile)
        (self.needs, self.push, self.aliases, self.place) = (needs, push, aliases, place)
        (self.tag, self.movesTag, self.showsRevision) = (tag, movesTag, showsRevision)
        (self.compression, self.deploys, self.building, self.source) = (compression, deploys, building, source)
        variants = [
            ImageVariant(platform: platform, evaluation: evaluation, externalBases: externalBases)
        ]
        (self.ignorePatterns, self.ignorePlaces) = (ignorePatterns, ignorePlaces)
    }

    // MARK: Platforms

    package var platforms: [String] { variants.map(\.platform) }
    /// The first one; of an image that ``forEachPlatform`` gives, its own.
    package var platform: String { variants[0].platform }
    /// For ``platform``.
    package var evaluation: Evaluation {
        get { variants[0].evaluation }
        set { variants[0].evaluation = newValue }
    }
    /// For ``platform``.
    package var externalBases: [BasePin] {
        get { variants[0].externalBases }
        set { variants[0].externalBases = newValue }
    }

    /// The image as it is for each platform alone.
    package var forEachPlatform: [Image] {
        variants.map { variant in
            var image = self
            image.variants = [variant]
            return image
        }
    }

    /// The bases outside the project of which nothing is known yet: an evaluation may be wrong until they are, and
    /// nothing must be built from it.
    package var unresolvedBases: [BaseName] { variants.pins.filter { $0.digest == nil }.map(\.name) }

    /// The image that a part of its Dockerfile makes, for ``platform`` alone.
    package func reduced(to part: Evaluation) -> Image {
        var image = self
        let names = Set(part.externalBases(for: platform).map(\.base))
        let pins = externalBases.filter { names.contains($0.name) }
        image.variants = [ImageVariant(platform: platform, evaluation: part, externalBases: pins)]
        return image
    }

    /// What an engine makes of it, and what imgwatch itself does.
    package var split: Split { evaluation.split(isWhole: building.builder.isEngine) }

    /// Whether an engine makes some of it: whether ``split`` has heads.
    package var needsEngine: Bool {
        building.builder.isEngine || variants.contains { !$0.evaluation.engineWork.isEmpty }
    }

    /// What decides an engine's work besides the instructions: who it is, and what it sees though no `ARG` asks for it.
    package var engineTerms: [String] {
        let seen = arguments.compactMap { argument -> String? in
            guard case .value(let value) = argument.value, Self.isSeenByEngines(argument.key) else { return nil }
            return "\(argument.key)=\(value)"
        }
        return [building.builder.rawValue, building.network ?? "", evaluation.syntax ?? ""] + seen.sorted()
    }

    private static func isSeenByEngines(_ argument: String) -> Bool {
        argument != LintOptions.argument
            && (argument.hasPrefix("BUILDKIT_") || argument == "SOURCE_DATE_EPOCH"
                || argument.uppercased().hasSuffix("_PROXY"))
    }

    /// What the Dockerfile says of the image, as one canonical text: neither the lines nor what the target does not
    /// need show in it.
    ///
    /// The digests of bases outside the project do, and the platforms but the first one.
    package var instructions: String { Definition.of(variants) + Definition.of(building, arguments) }

    package static func == (a: Self, b: Self) -> Bool {
        a.id == b.id && a.dockerfile == b.dockerfile && a.context == b.context && a.target == b.target
            && a.arguments.elementsEqual(b.arguments, by: ==) && a.labels == b.labels && a.ignore == b.ignore
            && a.ignoreFile == b.ignoreFile && a.needs == b.needs && a.push == b.push && a.aliases == b.aliases
            && a.tag == b.tag && a.movesTag == b.movesTag && a.showsRevision == b.showsRevision
            && a.compression == b.compression && a.building == b.building && a.deploys == b.deploys
            && a.variants == b.variants && a.ignorePatterns == b.ignorePatterns
    }
}
