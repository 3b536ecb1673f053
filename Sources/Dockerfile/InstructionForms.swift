/// The instructions with a form of their own: FROM, COPY, ADD, RUN, ONBUILD, HEALTHCHECK.

extension InstructionReader {
    /// A stage even where it is wrong, so that what follows has one.
    mutating func stage() -> WrittenStage {
        guard node.keyword == "from" else {
            _ = instruction()
            return WrittenStage(base: "scratch", place: node.place)
        }
        let flags = flags([.text("platform")])
        var stage = WrittenStage(
            base: node.arguments.first ?? "scratch",
            platform: flags["platform"],
            place: node.place
        )
        switch node.arguments.count {
        case 1: break
        case 3 where node.arguments[1].lowercased() == "as":
            let written = node.arguments[2]
            stage.name = written.lowercased()
            if !Self.isStageName(written.lowercased()) {
                mistakes.append(
                    Mistake(
                        "stage-name",
                        "`\(written)` can't be the name of a stage",
                        "Begin with a letter; then letters, digits, `-`, `_` and `.` may follow.",
                        at: written
                    )
                )
            }
        default:
            mistakes.append(
                Mistake(
                    "from-syntax",
                    "FROM takes an image, or an image, `AS` and a name",
                    "Write `FROM image` or `FROM image AS name`."
                )
            )
        }
        return stage
    }

    private static func isStageName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, ("a"..."z").contains(first) else { return false }
        return name.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || $0.isASCIIDigit || $0 == "-" || $0 == "_" || $0 == "."
        }
    }

    mutating func copy() -> Instruction.Kind? {
        let isAdd = node.keyword == "add"
        let flags = flags(
            [.text("chown"), .text("chmod"), .on("link"), .texts("exclude")]
                + (isAdd ? [.text("checksum"), .on("keep-git-dir"), .on("unpack")] : [.text("from"), .on("parents")])
        )
        guard node.arguments.count > 1, let destination = node.arguments.last else {
            missing(node.arguments.isEmpty ? "its source and its destination" : "its destination", "\(name) app /app/")
            return nil
        }
        check(excludes: flags.all("exclude"))
        if let from = flags["from"] { check(from: from) }
        var copy = WrittenCopy(
            isAdd: isAdd,
            paths: [],
            heredocs: [],
            destination: destination,
            from: flags["from"],
            owner: flags["chown"] ?? "",
            mode: flags["chmod"] ?? "",
            isLink: flags["link"] == "true",
            keepsParents: flags["parents"] == "true",
            excludes: flags.all("exclude"),
            otherFlags: []
        )
        copy.otherFlags = ["checksum", "keep-git-dir", "unpack"].compactMap { name in
            flags[name].map { KeyValue(name, $0) }
        }
        for source in node.arguments.dropLast() {
            if let heredoc = heredoc(source) { copy.heredocs.append(heredoc) } else { copy.paths.append(source) }
        }
        if heredoc(destination) != nil {
            mistakes.append(
                Mistake(
                    "heredoc-destination",
                    "a here-document can't be the destination of \(name)",
                    "Put the destination's path last: `\(name) <<EOF /file`.",
                    at: destination
                )
            )
        }
        return .copy(copy)
    }

    /// A source with its content, where it is a here-document; of two with one name the last content counts.
    private func heredoc(_ word: String) -> Heredoc? {
        guard !node.isJSON, var heredoc = Heredoc(word: word) else { return nil }
        heredoc.content = node.heredocs.last { $0.name == heredoc.name }?.content ?? ""
        return heredoc
    }

    private mutating func check(excludes: [String]) {
        do throws(DockerfileProblems) { _ = try IgnorePatterns(patterns: excludes) } catch {
            mistakes += error.all.map {
                Mistake("exclude-pattern", "`--exclude`: " + $0.reason, $0.remedy, at: "--exclude")
            }
        }
    }

    /// BuildKit resolves `--from` before any variable is known.
    private mutating func check(from: String) {
        if from.isEmpty {
            mistakes.append(
                Mistake("flag-value", "`--from` is empty", "Name a stage or an image: `--from=build`.", at: "--from")
            )
        } else if (try? Expansion(escape: escape).text(from, [:])) != from {
            mistakes.append(
                Mistake(
                    "from-variable",
                    "variables are not replaced in `--from=\(from)`",
                    "Write `FROM \(from) AS name`, its `ARG` above the first FROM, and `--from=name`.",
                    at: "--from"
                )
            )
        }
    }

    mutating func run() -> Instruction.Kind? {
        let flags = flags([.texts("mount"), .text("network"), .text("security"), .texts("device")])
        if node.arguments.isEmpty {
            missingArgument()
            return nil
        }
        let mounts = flags.all("mount").compactMap { mount($0) }
        var scanner = ScalarScanner(node.original.trimmed)
        _ = scanner.take { !$0.isSeparator }
        return .run(
            WrittenRun(
                command: WrittenCommand(words: node.arguments, isShellForm: !node.isJSON),
                heredocs: node.heredocs,
                mounts: mounts,
                text: scanner.rest.trimmed
            )
        )
    }

    /// The trigger is checked here already; BuildKit finds its mistakes only in the image that starts from this one.
    mutating func onBuild() -> Instruction.Kind? {
        _ = flags([])
        guard let trigger = node.trigger.first else {
            missingArgument()
            return nil
        }
        if ["onbuild", "from", "maintainer"].contains(trigger.keyword) {
            mistakes.append(
                Mistake(
                    "onbuild-trigger",
                    "`\(trigger.name)` can't be the trigger of an ONBUILD",
                    "ONBUILD, FROM and MAINTAINER are not allowed there.",
                    at: trigger.name
                )
            )
            return nil
        }
        var inner = trigger
        inner.heredocs = node.heredocs
        var reader = InstructionReader(inner, escape: escape)
        let kind = reader.instruction()
        mistakes += reader.mistakes
        guard kind != nil else { return nil }
        var scanner = ScalarScanner(node.original.withoutLeadingSpace)
        _ = scanner.take { !$0.isSeparator }
        _ = scanner.take(while: \.isSpace)
        return .onBuild(node.heredocs.reduce(scanner.rest) { $0 + "\n" + $1.content + $1.name })
    }

    mutating func healthcheck() -> Instruction.Kind? {
        guard let kind = node.arguments.first?.uppercased() else {
            missingArgument()
            return nil
        }
        let words = Array(node.arguments.dropFirst())
        if kind == "NONE" {
            if !words.isEmpty { addHealthcheck("`HEALTHCHECK NONE` takes no arguments", "Write `HEALTHCHECK NONE`.") }
            return .healthcheck(Healthcheck(test: ["NONE"]))
        }
        let flags = flags(["interval", "timeout", "start-period", "start-interval", "retries"].map(FlagRule.text))
        guard kind == "CMD" else {
            addHealthcheck(
                "HEALTHCHECK does not know `\(node.arguments[0])`",
                "Write `HEALTHCHECK CMD …` or `HEALTHCHECK NONE`.",
                at: node.arguments[0]
            )
            return nil
        }
        if words.isEmpty { missing("the command behind CMD", "HEALTHCHECK CMD /app/health") }
        return .healthcheck(
            Healthcheck(
                test: [node.isJSON ? "CMD" : "CMD-SHELL"] + words,
                interval: duration(flags, "interval"),
                timeout: duration(flags, "timeout"),
                startPeriod: duration(flags, "start-period"),
                startInterval: duration(flags, "start-interval"),
                retries: retries(flags)
            )
        )
    }

    private mutating func addHealthcheck(_ reason: String, _ remedy: String, at culprit: String? = nil) {
        mistakes.append(Mistake("healthcheck", reason, remedy, at: culprit))
    }

    /// nil for what is not given, and for zero, which means the default.
    private mutating func duration(_ flags: Flags, _ name: String) -> Int64? {
        guard let text = flags[name], !text.isEmpty else { return nil }
        guard let duration = GoDuration(text) else {
            addHealthcheck("`--\(name)=\(text)` is no duration", "Write it like `30s` or `1m30s`.", at: "--" + name)
            return nil
        }
        if duration.nanoseconds == 0 { return nil }
        if duration.nanoseconds < 1_000_000 {
            addHealthcheck(
                "`--\(name)=\(text)` is less than a millisecond",
                "Write it like `30s` or `1m30s`.",
                at: "--" + name
            )
        }
        return duration.nanoseconds
    }

    private mutating func retries(_ flags: Flags) -> Int? {
        guard let text = flags["retries"], !text.isEmpty else { return nil }
        guard let retries = Int32(text), retries >= 0 else {
            addHealthcheck("`--retries=\(text)` is no number of retries", "Write it like `3`.", at: "--retries")
            return nil
        }
        return retries == 0 ? nil : Int(retries)
    }
}
