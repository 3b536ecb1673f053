/// Reads the steps of `.imgwatch` as typed.

import Dockerfile
import Graph

extension ProjectFileReader {
    mutating func step(_ entry: Tree.Entry, in file: ProjectFile) -> StepEntry? {
        if let fault = ReferenceSyntax.stepNameFault(entry.key) {
            values.report(.name, entry.place, "the name `\(entry.key)` \(fault.reason)", fault.remedy)
        }
        var step = StepEntry(id: NodeID(entry.key), place: entry.place)
        let what = "the step `\(entry.key)`"
        let fields = values.fields(entry.value, .step, of: what)
        step.timeout = fields["timeout"].map { values.duration($0, "`timeout`", allowsZero: false) } ?? file.timeout
        step.quiet = fields["quiet"].flatMap { values.duration($0, "`quiet`", allowsZero: true) }
        step.needs = needs(fields["needs"], of: entry)
        step.inputs = fields["inputs"].map { inputs($0) } ?? []
        step.outputs = fields["outputs"].map { outputs($0) } ?? []
        step.directory = directory(fields["dir"])
        if let change = fields["on-change"] { step.onChange = onChange(change) ?? .restart }
        step.command = command(fields["run"], of: what, in: entry)
        step.environment = environment(fields["env"], for: step.command, in: file)
        return step
    }

    // MARK: What steps and deploys have in common

    mutating func directory(_ tree: Tree?) -> Placed<String> {
        guard let tree, let text = values.text(tree, "`dir`") else { return Placed(value: "", place: Place(file: "")) }
        return Placed(value: path(text, what: "the folder")?.path ?? "", place: text.place)
    }

    /// nil where there is none that could be run, which is told.
    mutating func command(_ run: Tree?, of what: String, in entry: Tree.Entry) -> Step.Command? {
        if let run { return command(run) }
        if [.mapping, .null].contains(entry.value.kind) {
            values.report(
                .missingKey,
                entry.place,
                "\(what) has no `run`",
                "Add the command: `run: make`, or as a list, `run: [make, all]`."
            )
        }
        return nil
    }

    /// Those at the top, the node's own, and those that its shell mentions.
    mutating func environment(_ own: Tree?, for command: Step.Command?, in file: ProjectFile) -> [KeyValue] {
        var environment = file.environment
        for variable in own.map({ values.environment($0) }) ?? [] { environment.set(variable) }
        if case .shell(let command) = command {
            for name in Interpolation.mentions(in: command, of: values.variables)
            where !environment.contains(where: { $0.key == name }) {
                environment.append(KeyValue(name, values.variables[name] ?? ""))
            }
        }
        return environment
    }

    /// A string is the shell's, variables and all; a list has its variables filled in here.
    private mutating func command(_ tree: Tree) -> Step.Command? {
        let empty = "Write the command: a string is run by `/bin/sh -c`, a list is run as it is."
        switch tree.content {
        case .scalar(let text):
            if !text.allSatisfy(\.isWhitespace), tree.kind != .null { return .shell(text) }
            values.report(.value, tree.place, "`run` is empty", empty)
            return nil
        case .sequence:
            let words = values.texts(tree, "`run`", anyScalar: true).map(\.value)
            if let first = words.first, !first.isEmpty { return .exec(words) }
            values.report(.value, tree.place, "`run` names no command", empty)
            return nil
        case .mapping:
            values.wrongType(tree, "`run`", "a string or a list", empty)
            return nil
        }
    }

    private mutating func inputs(_ tree: Tree) -> [PathPattern] {
        values.texts(tree, "`inputs`").compactMap { text in
            do throws(Diagnostic) {
                return try PathPattern(text.value, place: text.place)
            } catch {
                values.report(error)
                return nil
            }
        }
    }

    private mutating func outputs(_ tree: Tree) -> [Placed<OutputPath>] {
        values.texts(tree, "`outputs`").compactMap { text in
            if text.value.contains(where: { "*?[".contains($0) }) {
                values.report(
                    .output,
                    text.place,
                    "the output `\(text.value)` has a wildcard",
                    "Name each file, or the folder that holds them with a `/` at its end."
                )
                return nil
            }
            guard let path = path(text, what: "the output") else { return nil }
            if path.path.isEmpty {
                values.report(
                    .output,
                    text.place,
                    "the output `\(text.value)` is the whole project",
                    "Name the files and folders that the step writes."
                )
                return nil
            }
            if path.path.split(separator: "/").contains(".git") {
                values.report(
                    .output,
                    text.place,
                    "the output `\(text.value)` lies in `.git`, which belongs to git",
                    "Let the step write elsewhere."
                )
                return nil
            }
            return Placed(value: OutputPath(path: path.path, isDirectory: path.isDirectory), place: text.place)
        }
    }

    private mutating func onChange(_ tree: Tree) -> Step.OnChange? {
        guard let text = values.text(tree, "`on-change`") else { return nil }
        if let known = Step.OnChange(rawValue: text.value) { return known }
        values.report(
            .value,
            text.place,
            "`on-change` cannot be `\(text.value)`",
            "Write `restart`, which ends the run when an input changes, or `finish`, which lets it end first."
        )
        return nil
    }
}

extension [KeyValue] {
    /// In the place of one of the same name, or at the end.
    fileprivate mutating func set(_ variable: KeyValue) {
        if let at = firstIndex(where: { $0.key == variable.key }) { self[at] = variable } else { append(variable) }
    }
}
