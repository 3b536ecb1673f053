/// Carries out the instructions of one stage.

internal import Dockerfile
internal import OCI

struct StageBuild {
    private let assembler: Assembler
    private let request: AssemblyRequest
    private let stages: [Int: Stage]
    private let platform: Platform
    private let packer: LayerPacker?
    private let reader: ContentReader
    private var configuration: StageConfiguration
    private var layers: [LayerRecord] = []
    private var externalLayers: Set<Digest> = []
    private var packedLayers: Set<Digest> = []
    private var tree = FileTree()

    /// The most that Docker mounts.
    private static let mostLayers = 127
    /// As in BuildKit: the users' file is not read beyond.
    private static let mostUserBytes = 10 << 20

    /// `stages` are the ones that are done; a stage that is not `isPacked` only serves as a source of files.
    init(
        assembler: Assembler,
        request: AssemblyRequest,
        stages: [Int: Stage],
        platform: Platform,
        isPacked: Bool
    ) {
        (self.request, self.stages, self.platform) = (request, stages, platform)
        self.assembler = assembler
        reader = ContentReader(layout: assembler.layout, tars: assembler.tars)
        packer =
            isPacked
            ? LayerPacker(
                layout: assembler.layout,
                cache: assembler.cache,
                reader: reader,
                encoding: request.encoding,
                isCancelled: request.isCancelled
            ) : nil
        configuration = StageConfiguration(platform: platform)
    }

    mutating func run(_ stage: EvaluatedStage) throws(BuildProblem) -> Stage {
        do throws(BuildProblem) { try start(stage) } catch { throw error.at(stage.line) }
        for instruction in stage.instructions {
            guard !request.isCancelled() else { throw .cancelled }
            do throws(BuildProblem) { try run(instruction) } catch { throw error.at(instruction.line) }
        }
        return Stage(
            configuration: configuration.configuration,
            layers: layers,
            externalLayers: externalLayers,
            packedLayers: packedLayers,
            tree: tree
        )
    }

    private mutating func start(_ stage: EvaluatedStage) throws(BuildProblem) {
        if let head = request.heads[stage.index] { return try resume(head) }
        if let other = stage.platform, try Platform(other) != platform {
            throw .unsupported(
                "platform-mixed",
                "a stage for \(other) in an image for \(request.platform)",
                remedy: "leave --platform out"
            )
        }
        guard let base = try self.stage(stage.base) else { return }
        configuration = StageConfiguration(inheriting: base.configuration)
        guard base.layers.count <= Self.mostLayers else { throw Self.tooManyLayers("start from another base") }
        (layers, externalLayers, tree) = (base.layers, base.externalLayers, base.tree)
        packedLayers = base.packedLayers
    }

    /// Goes on in the midst of a stage.
    private mutating func resume(_ head: AssemblyHead) throws(BuildProblem) {
        let image = try assembler.load(head.manifest)
        configuration = StageConfiguration(resuming: image.configuration, hasCommand: head.hasCommand)
        guard image.layers.count <= Self.mostLayers else { throw Self.tooManyLayers("join instructions of it") }
        (layers, tree) = (image.layers, image.rootFS)
    }

    /// What a FROM or a `--from` names; nil for `scratch`.
    private func stage(_ base: Base) throws(BuildProblem) -> Stage? {
        switch base {
        case .scratch: return nil
        case .stage(let index):
            if let stage = stages[index] { return stage }
            throw BuildProblem(
                "stage-missing",
                "stage \(index) is not made yet",
                remedy: "name only stages that come earlier"
            )
        case .project(let name):
            if let image = request.bases[name] {
                return Stage(image)
            }
            throw BuildProblem("base-missing", "the image \(name) is not built", remedy: "build \(name) first")
        case .external(let reference):
            return Stage(try assembler.external(reference, of: request))
        }
    }

    private mutating func run(_ instruction: EvaluatedInstruction) throws(BuildProblem) {
        var addsLayer = false
        switch instruction.operation {
        case .run:
            throw .unsupported("run-unsupported", "RUN", remedy: "leave `builder` away: an engine then does it")
        case .copy(let copy):
            try run(copy)
            addsLayer = true
        case .workingDirectory(let path) where path != "/":
            try makeWorkingDirectory(path)
            addsLayer = true
        default: break
        }
        configuration.apply(instruction.operation)
        configuration.addHistory(instruction.history, isEmptyLayer: !addsLayer)
    }

    private mutating func run(_ copy: Copy) throws(BuildProblem) {
        try Self.refuseUnsupported(copy)
        let owner = try copy.owner.map { (text) throws(BuildProblem) in try self.owner(text) }
        let mode = try copy.mode.map { (text) throws(BuildProblem) in try ModeChange(text) }
        // A link's layer does not look at what is below it; a mode makes it a common copy, as in BuildKit.
        let isAlone = copy.isLink && copy.mode == nil
        var step = CopyStep(
            copy: copy,
            origin: try origin(copy.from),
            owner: owner,
            modeChange: mode,
            excludes: try Self.excludes(copy),
            archives: assembler.archives,
            layout: assembler.layout,
            staging: Staging(over: isAlone ? FileTree() : tree)
        )
        try step.run()
        let entries = step.staging.entries()
        let hiding = isAlone ? entries.filter { !$0.node.isDirectory }.map(\.path) : step.staging.replaced
        try commit(entries, hiding: hiding.filter { tree[$0]?.isDirectory == true })
    }

    /// The mode of the folders is 0755, and they belong to the USER.
    private mutating func makeWorkingDirectory(_ path: String) throws(BuildProblem) {
        var staging = Staging(over: tree)
        let user = configuration.configuration.execution.user
        let owner = user.isEmpty ? Owner.root : try self.owner(user)
        let folder = try staging.resolve(TreePath(cleaning: path)).path
        try staging.makeFolders(folder, mode: 0o755, owner: owner)
        try commit(staging.entries(), hiding: [])
    }

    private mutating func commit(_ entries: [LayerEntry], hiding: [TreePath]) throws(BuildProblem) {
        guard let packer else {
            return tree.push(entries.map { (path: $0.path, node: $0.node) }, hiding: hiding)
        }
        guard layers.count < Self.mostLayers else {
            throw Self.tooManyLayers("copy several files with one instruction")
        }
        let (record, isNew) = try packer.layer(of: entries)
        if isNew { packedLayers.insert(record.digest) }
        layers.append(record)
        tree.push(entries.map { (path: $0.path, node: $0.node(in: record.digest)) }, hiding: hiding)
    }

    private static func tooManyLayers(_ remedy: String) -> BuildProblem {
        BuildProblem("layers-too-many", "the image has more than \(mostLayers) layers", remedy: remedy)
    }

    private func origin(_ from: Base?) throws(BuildProblem) -> CopyStep.Origin {
        guard let from else {
            return .init(tree: request.context.tree, name: "the context", isIgnored: request.context.isIgnored)
        }
        let name =
            switch from {
            case .scratch: "an empty image"
            case .stage(let index):
                "stage " + (request.evaluation.stages.first { $0.index == index }?.name ?? String(index))
            case .project(let name): "image \(name)"
            case .external(let reference): reference
            }
        return .init(tree: try stage(from)?.tree ?? FileTree(), name: name)
    }

    private func owner(_ text: String) throws(BuildProblem) -> Owner {
        try Owner(text) { () throws(BuildProblem) in
            Owner.Names(users: try userFile("etc/passwd"), groups: try userFile("etc/group"))
        }
    }

    private func userFile(_ path: String) throws(BuildProblem) -> String {
        let resolved = try tree.resolve(TreePath(path)).path
        guard let content = tree[resolved]?.content else { return "" }
        return try reader.text(of: content, limit: Self.mostUserBytes)
    }

    private static func excludes(_ copy: Copy) throws(BuildProblem) -> IgnorePatterns {
        do throws(DockerfileProblems) {
            return try IgnorePatterns(patterns: copy.excludes)
        } catch {
            let first = error.all.first
            throw BuildProblem(
                "copy-exclude-invalid",
                "--exclude: \(first?.reason ?? "no pattern")",
                remedy: first?.remedy ?? ""
            )
        }
    }

    private static func refuseUnsupported(_ copy: Copy) throws(BuildProblem) {
        if copy.download != nil { return }
        let name = copy.isAdd ? "ADD" : "COPY"
        for case .remote(let address) in copy.sources {
            throw .unsupported("add-remote-unsupported", "ADD \(address)", remedy: "fetch it in a step, and COPY it")
        }
        if let flag = copy.otherFlags.first {
            throw .unsupported("copy-flag-unsupported", "\(name) --\(flag.key)", remedy: "leave the flag out")
        }
    }
}

extension LayerEntry {
    /// The node with its bytes where they lie once the layer is made.
    fileprivate func node(in layer: Digest) -> TreeNode {
        guard let content = node.content else { return node }
        var node = node
        node.kind = .file(content.moved(to: .layer(layer, member: linked ?? path)))
        return node
    }
}

extension BuildProblem {
    fileprivate func at(_ line: Int) -> BuildProblem {
        var problem = self
        problem.line = problem.line ?? line
        return problem
    }
}
