/// Reads `.imgwatch` as typed from its YAML: which key means what, and what may stand there.

struct ProjectFileReader {
    /// The absolute folder that paths are relative to.
    let root: String
    var values: ValueReader
    var cloudNames: CloudNames

    init(root: String, variables: Variables) {
        (self.root, values) = (root, ValueReader(variables))
        cloudNames = CloudNames(folder: root, profile: variables["AWS_PROFILE"])
    }

    private static let maxParallel = 1024

    mutating func read(_ tree: Tree) -> ProjectFile {
        var file = ProjectFile()
        let fields = values.fields(tree, .project, of: "the configuration")
        file.registry = fields["registry"].flatMap { registry($0) }
        file.parallel = fields["parallel"].flatMap { values.count($0, "`parallel`", in: 1...Self.maxParallel) }
        file.storeLimit = fields["store-limit"].flatMap { values.size($0, "`store-limit`") }
        file.quiet = fields["quiet"].flatMap { values.duration($0, "`quiet`", allowsZero: true) }
        file.timeout = fields["timeout"].flatMap { values.duration($0, "`timeout`", allowsZero: false) }
        file.environment = fields["env"].map { values.environment($0) } ?? []
        file.cloud = fields["aws"].map { cloud($0) }
        file.naming = naming(fields, else: file.naming)
        file.building = building(fields, else: file.building, in: file)
        if let steps = fields["steps"] {
            file.steps = values.entries(steps, of: "`steps`", like: "name: { run: … }").compactMap { entry in
                step(entry, in: file)
            }
        }
        if let images = fields["images"] {
            file.images = values.entries(images, of: "`images`", like: "name: { dockerfile: … }").compactMap { entry in
                image(entry, in: file)
            }
        }
        return file
    }

    private mutating func registry(_ tree: Tree) -> Placed<RegistryTarget>? {
        guard let text = values.text(tree, "`registry`") else { return nil }
        if text.value.hasPrefix("oci:") {
            let path = String(text.value.dropFirst(4))
            guard !path.isEmpty, !path.hasPrefix("~") else {
                values.report(
                    .registry,
                    text.place,
                    "`\(text.value)` names no folder for the OCI layout",
                    "Write `oci:PATH`, absolute or relative to the configuration; `~` is not expanded, `${HOME}` is."
                )
                return nil
            }
            return Placed(value: .layout(AbsolutePath.clean(path, in: root)), place: text.place)
        }
        if text.value.contains("@") {
            // Nothing of it is shown: what stands before it is a password, or a part of one.
            values.report(
                .registry,
                text.place,
                "the registry has an `@` in it, as if it held a password or a digest",
                "Write the host alone, like `registry.example.com/team`, and log in with `docker login`."
            )
            return nil
        }
        if let fault = ReferenceSyntax.registryFault(text.value) {
            values.report(.registry, text.place, "the registry `\(text.value)` \(fault.reason)", fault.remedy)
            return nil
        }
        return Placed(value: .remote(text.value), place: text.place)
    }

    /// Of a whole node, whose `needs` may be missing.
    mutating func needs(_ tree: Tree?, of node: Tree.Entry) -> NeedsSite {
        var site = NeedsSite(tree: tree)
        if case .mapping(let entries) = node.value.content, let first = entries.first {
            site.firstKey = (first.place, node.value.style)
        } else {
            site.bare = node
        }
        guard let tree else { return site }
        let before = values.problems.count
        site.names = values.texts(tree, "`needs`")
        site.isSound = values.problems.count == before
        return site
    }

    mutating func path(_ text: Placed<String>, what: String) -> RelativePath? {
        do {
            return try RelativePath(text.value)
        } catch {
            values.report(error.diagnostic(of: text.value, at: text.place, what: what))
            return nil
        }
    }
}
