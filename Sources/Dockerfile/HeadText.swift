/// A head as a Dockerfile of its own, for an engine: the lines as they are written and where they stand in the file, so
/// that what the engine says of a line is true of the file, too.

extension Dockerfile {
    /// The Dockerfile of a head; its last stage is what is to be built.
    ///
    /// What an engine would look up by a name that may mean another thing to it is called by what `naming` gives:
    /// images of the project and images from elsewhere, for a platform where that is not the image's. Of stages that
    /// the head does not need nothing is left but their places, by which triggers may name others.
    ///
    /// Without `keepsSyntax` an engine reads it by what it has itself. Throws where a name can't be found in the line
    /// that holds it.
    package func text(
        of head: Split.Head,
        keepsSyntax: Bool = true,
        naming: @escaping (Base, _ platform: String?) -> String
    ) throws(DockerfileProblem) -> String {
        var text = HeadText(head.evaluation, escape: escape, naming: naming)
        var directives = directives
        // What is checked is the file; the names and flags of a head are not its author's.
        if let line = check?.comment.line, directives.indices.contains(line - 1) {
            directives[line - 1] = "# check=skip=all"
        }
        if !keepsSyntax, syntax != nil, directives.indices.contains(syntaxLine - 1) {
            // A comment ends the directives: it comes behind the others.
            directives.remove(at: syntaxLine - 1)
            directives.append("#")
        }
        for (index, line) in directives.enumerated() { text.put(line, at: index + 1) }
        for instruction in globals { text.put(instruction.place) }
        let needed = Dictionary(head.evaluation.stages.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        let countsStages = needed.values.contains { stage in
            stages[stage.index].instructions.contains(where: \.isTrigger) || stage.hasTriggersThatNameStages
        }
        for (index, written) in stages.prefix((needed.keys.max() ?? 0) + 1).enumerated() {
            guard let stage = needed[index] else {
                if countsStages { text.put("FROM scratch", at: written.place.line) }
                continue
            }
            text.begin(stage, at: written.place)
            let last = stage.instructions.last?.line ?? stage.line
            for instruction in written.instructions where instruction.place.line <= last {
                try text.put(instruction, stage)
            }
        }
        if let exports = head.exports, let stage = head.evaluation.stages.last { text.export(exports, from: stage) }
        return text.lines.joined(separator: "\n") + "\n"
    }
}

private struct HeadText {
    private(set) var lines: [String] = []
    private let evaluation: Evaluation
    private let escape: Unicode.Scalar
    private let naming: (Base, String?) -> String

    init(_ evaluation: Evaluation, escape: Unicode.Scalar, naming: @escaping (Base, String?) -> String) {
        (self.evaluation, self.escape, self.naming) = (evaluation, escape, naming)
    }

    private func name(of base: Base, for platform: String? = nil) -> String {
        switch base {
        case .stage(let index): evaluation.nameInHeads(of: index)
        case .scratch: "scratch"
        case .project, .external: naming(base, platform)
        }
    }

    mutating func put(_ line: String, at number: Int) {
        while lines.count < number - 1 { lines.append("") }
        lines.append(line)
    }

    mutating func put(_ place: InstructionPlace) {
        for (offset, line) in (place.source + place.heredocs).enumerated() { put(line, at: place.line + offset) }
    }

    mutating func begin(_ stage: EvaluatedStage, at place: InstructionPlace) {
        let platform = stage.platform.map { "--platform=\($0) " } ?? ""
        let base = name(of: stage.base, for: stage.platform)
        put("FROM \(platform)\(base) AS \(evaluation.nameInHeads(of: stage.index))", at: place.line)
    }

    mutating func put(_ instruction: Instruction, _ stage: EvaluatedStage) throws(DockerfileProblem) {
        var place = instruction.place
        let evaluated = stage.instructions.first { $0.line == place.line && !$0.sources.isEmpty }
        var names = (evaluated?.sources ?? []).map { name(of: $0) }[...]
        let flag = if case .run = instruction.kind { "from=" } else { "--from=" }
        for (index, line) in place.source.enumerated() where !names.isEmpty && !line.isComment {
            place.source[index] = Self.replacing(flag, in: line, by: &names)
        }
        guard names.isEmpty else {
            throw DockerfileProblem(
                id: "dockerfile-flag-lines",
                line: place.line,
                reason: "what `\(flag)` names is not found in the lines of the instruction",
                remedy: "Write each flag on one line, as `--mount=type=bind,from=build,target=/src`."
            )
        }
        put(place)
    }

    /// Puts the names behind the flag, one after the other, wherever it stands in a line's words that begin with `--`.
    private static func replacing(_ flag: String, in line: String, by names: inout ArraySlice<String>) -> String {
        var scanner = ScalarScanner(line)
        var result = ""
        while !scanner.isAtEnd {
            result += String(scalars: scanner.take(while: \.isSpace))
            let word = String(scalars: scanner.take { !$0.isSpace })
            guard word.begins(with: "--"), var start = start(of: flag, in: word), let name = names.first else {
                result += word
                continue
            }
            if word.utf8[start...].isQuoted { start = word.utf8.index(after: start) }
            let value = word.utf8[start...].prefix { !",\"'".utf8.contains($0) }
            result += String(Substring(word.utf8[..<start])) + name + String(Substring(word.utf8[value.endIndex...]))
            names = names.dropFirst()
        }
        return result
    }

    /// Where the value of `--from=`, or of a mount's field `from=`, begins.
    private static func start(of flag: String, in word: String) -> String.Index? {
        if word.lowercased().begins(with: flag) { return word.utf8.index(word.startIndex, offsetBy: flag.utf8.count) }
        guard flag == "from=", word.begins(with: "--mount=") else { return nil }
        var index = word.utf8.index(word.startIndex, offsetBy: "--mount=".utf8.count)
        while index < word.endIndex {
            let rest = word.utf8[index...]
            let quote = rest.isQuoted ? 1 : 0
            if String(Substring(rest.dropFirst(quote))).lowercased().begins(with: flag) {
                return word.utf8.index(index, offsetBy: quote + flag.utf8.count)
            }
            guard let comma = rest.firstIndex(of: UInt8(ascii: ",")) else { return nil }
            index = word.utf8.index(after: comma)
        }
        return nil
    }

    /// A last stage that holds nothing but these paths.
    mutating func export(_ paths: [String], from stage: EvaluatedStage) {
        lines.append("FROM scratch")
        for path in paths {
            var word = ""
            for scalar in path.unicodeScalars {
                switch scalar {
                case "\"": word += "\\\""
                case "\\": word += "\\\\"
                // Both the array and the expansion take an escape away.
                case "$": word += (escape == "\\" ? "\\\\" : String(escape)) + "$"
                default: word.unicodeScalars.append(scalar)
                }
            }
            lines.append("COPY --from=\(evaluation.nameInHeads(of: stage.index)) [\"\(word)\", \"\(word)\"]")
        }
    }
}

extension Substring.UTF8View {
    fileprivate var isQuoted: Bool { first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") }
}

extension String {
    /// A comment between the lines of an instruction is no part of it.
    fileprivate var isComment: Bool { unicodeScalars.first { !$0.isSpace } == "#" }
}

extension Instruction {
    /// A trigger that may name a stage by its number.
    fileprivate var isTrigger: Bool { if case .onBuild = kind { true } else { false } }
}

extension EvaluatedStage {
    /// Whether a trigger of its base, which stands where its FROM does, names a stage, as it may by its number.
    fileprivate var hasTriggersThatNameStages: Bool {
        instructions.contains { instruction in
            instruction.line == line
                && instruction.sources.contains { if case .stage = $0 { true } else { false } }
        }
    }
}

extension Evaluation {
    /// What a stage is called in the Dockerfile of a head.
    ///
    /// Of two stages with one name, none has it.
    package func nameInHeads(of index: Int) -> String {
        let stage = stages.first { $0.index == index }
        if let name = stage?.name, stages.count(where: { $0.name == name }) == 1 { return name }
        let usual = "stage-\(index)"
        return stages.contains { $0.name == usual } ? "imgwatch-" + usual : usual
    }
}
