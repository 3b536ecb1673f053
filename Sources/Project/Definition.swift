/// A node's definition as one canonical text: it changes when, and only when, what the configuration says of it does.

import Dockerfile
import Graph

/// Lines of `name length:value`; the length makes it unambiguous whatever the value holds.
struct Definition {
    private(set) var text = ""

    mutating func add(_ name: String, _ value: String) { text += "\(name) \(value.utf8.count):\(value)\n" }

    mutating func add(_ name: String, _ values: [String]) {
        add(name, "\(values.count)")
        for value in values { add("-", value) }
    }

    mutating func add(_ name: String, _ values: [KeyValue]) { add(name, values.flatMap { [$0.key, $0.value] }) }

    /// Of what has no order: inputs, outputs and variables may change places.
    static func of(_ step: StepEntry) -> String {
        var definition = Definition()
        definition.add(step.command, in: step.directory.value, step.environment)
        definition.add("inputs", step.inputs.map { $0.text + ($0.namesFolder ? "/" : "") }.sorted())
        definition.add("outputs", step.outputs.map { $0.value.path + ($0.value.isDirectory ? "/" : "") }.sorted())
        return definition.text
    }

    /// What a deploy does; when it does it, and how long that may take, does not show.
    static func of(_ deploy: DeployEntry) -> String {
        var definition = Definition()
        if let function = deploy.function {
            definition.add(function)
        } else {
            definition.add(deploy.command, in: deploy.directory.value, deploy.environment)
        }
        return definition.text
    }

    private mutating func add(_ function: CloudFunction) {
        add("function", [function.name, function.role ?? "", function.architecture, function.alias ?? ""])
        add("timeout", function.timeout.map { ["\($0)"] } ?? [])
        add("memory", function.memory.map { ["\($0)"] } ?? [])
        if let environment = function.environment { add("env", environment.sorted { $0.key < $1.key }) }
        add("publish", "\(function.publishes)")
    }

    private mutating func add(_ command: BuildCommand) {
        add(command.command, in: command.directory, command.environment)
    }

    /// What a command that makes an image is, with its arguments; empty where none does.
    static func of(_ building: ImageBuilding, _ arguments: [(key: String, value: Image.Argument)]) -> String {
        var definition = Definition()
        guard let command = building.command else { return "" }
        definition.add(command)
        definition.add(arguments)
        return definition.text
    }

    private mutating func add(_ arguments: [(key: String, value: Image.Argument)]) {
        for argument in arguments.sorted(by: { $0.key < $1.key }) {
            switch argument.value {
            case .value(let value): add("argument", [argument.key, value])
            case .image(let id): add("argument-image", [argument.key, id.name])
            }
        }
    }

    private mutating func add(_ command: Step.Command?, in directory: String, _ environment: [KeyValue]) {
        switch command {
        case .shell(let command): add("shell", command)
        case .exec(let words): add("exec", words)
        case nil: break
        }
        add("dir", directory)
        add("env", environment.sorted { $0.key < $1.key })
    }

    /// What an evaluation says of the image, and nothing else: no lines, no positions, no `# syntax`.
    ///
    /// The digests of bases from elsewhere do show, as far as they are known.
    static func of(_ variants: [ImageVariant]) -> String {
        var definition = Definition()
        definition.add(variants)
        return definition.text
    }

    static func of(_ image: ImageEntry, context: String, _ variants: [ImageVariant]) -> String {
        var definition = Definition()
        definition.add("context", context)
        if let target = image.target { definition.add("target", target.value) }
        definition.add(image.meantArguments)
        if let command = image.building.command { definition.add(command) }
        definition.add("labels", image.labels.sorted { $0.key < $1.key })
        definition.add("ignore", image.ignore.map(\.value))
        if let compression = image.naming.compression { definition.add("compression", compression.rawValue) }
        if image.naming.showsRevision { definition.add("revision", "true") }
        if let first = variants.first, first.platform != Loader.hostPlatform {
            definition.add("for", first.platform)
        }
        definition.add(variants)
        return definition.text
    }

    private mutating func add(_ variants: [ImageVariant]) {
        for (number, variant) in variants.enumerated() {
            if number > 0 { add("for", variant.platform) }
            add(variant.evaluation)
            add(variant.externalBases, for: variant.platform)
        }
    }

    private mutating func add(_ bases: [BasePin], for platform: String) {
        for base in bases {
            let other = base.platform == platform ? [] : [base.platform]
            if let digest = base.digest { add("base", [base.reference, digest] + other) }
        }
    }

    // MARK: Evaluations

    /// Without the lines, the stages' positions in the file and `# syntax`: they do not show in the image.
    private mutating func add(_ evaluation: Evaluation) {
        let positions = Dictionary(
            evaluation.stages.enumerated().map { ($1.index, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for stage in evaluation.stages {
            add("stage", Self.text(of: stage.base, positions))
            if let platform = stage.platform { add("platform", platform) }
            for instruction in stage.instructions {
                add("history", instruction.history)
                add(instruction.operation, positions)
            }
        }
    }

    private static func text(of base: Base, _ positions: [Int: Int]) -> String {
        switch base {
        case .scratch: "scratch"
        case .stage(let index): "stage \(positions[index] ?? index)"
        case .project(let name): "project \(name)"
        case .external(let reference): "external \(reference)"
        }
    }

    private mutating func add(_ operation: Operation, _ positions: [Int: Int]) {
        switch operation {
        case .copy(let copy): add(copy, positions)
        case .run(let run): add(run, positions)
        case .environment(let variables): add("env", variables)
        case .labels(let labels): add("labels", labels)
        case .expose(let ports): add("expose", ports)
        case .volumes(let paths): add("volumes", paths)
        case .stopSignal(let signal): add("stopsignal", signal)
        case .healthcheck(let check):
            let times = [check.interval, check.timeout, check.startPeriod, check.startInterval]
            add("healthcheck", check.test)
            add("times", times.map { $0.map(String.init) ?? "" } + [check.retries.map(String.init) ?? ""])
        case .shell(let words): add("shell", words)
        case .command(let words): add("cmd", words)
        case .entrypoint(let words): add("entrypoint", words)
        case .workingDirectory(let path): add("workdir", path)
        case .user(let user): add("user", user)
        case .maintainer(let name): add("maintainer", name)
        case .onBuild(let trigger): add("onbuild", trigger)
        case .argument(let name, let value): add("arg", [name] + [value].compactMap(\.self))
        }
    }

    private mutating func add(_ run: Run, _ positions: [Int: Int]) {
        add("run", run.text)
        add("inline", run.heredocs)
        for mount in run.mounts {
            add("mount", [mount.kind.rawValue, mount.source, mount.id])
            add("from", mount.from.map { Self.text(of: $0, positions) } ?? "context")
        }
    }

    private mutating func add(_ copy: Copy, _ positions: [Int: Int]) {
        add(copy.isAdd ? "add" : "copy", copy.destination)
        add("from", copy.from.map { Self.text(of: $0, positions) } ?? "context")
        for source in copy.sources {
            switch source {
            case .path(let path): add("path", path)
            case .inline(let name, let content): add("inline", [name, content])
            case .remote(let address): add("remote", address)
            }
        }
        add("owner", copy.owner.map { [$0] } ?? [])
        add("mode", copy.mode.map { [$0] } ?? [])
        add("flags", ["\(copy.isLink)", "\(copy.keepsParents)"])
        add("exclude", copy.excludes)
        add("others", copy.otherFlags)
    }
}
