/// BuildKit's checks of what is written, whatever it means: in all stages, needed or not.

enum SyntaxLint {
    static func findings(in nodes: [SyntaxNode]) -> [LintFinding] {
        nodes.flatMap(findings) + stageNames(nodes) + casing(nodes)
    }

    private static func findings(in node: SyntaxNode) -> [LintFinding] {
        var findings: [LintFinding] = []
        if let line = node.emptyLine {
            let finding = LintFinding(
                .noEmptyContinuation,
                "an empty line stands inside an instruction, which BuildKit will refuse one day",
                "Remove it, or begin it with `#`.",
                in: node.place
            )
            findings.append(finding.moved(to: (line, 1)).ofWholeFile)
        }
        switch node.keyword {
        case "maintainer":
            findings.append(
                LintFinding(
                    .maintainerDeprecated,
                    "`\(node.name)` is deprecated",
                    "Write `LABEL org.opencontainers.image.authors=\"…\"`.",
                    in: node.place
                )
            )
        case "from" where node.arguments.count == 3:
            findings += names(of: node)
            findings += description(of: node, [node.arguments[2].lowercased()])
        case "arg":
            findings += description(of: node, node.arguments.map { $0.cut(at: "=")?.before ?? $0 })
        default: break
        }
        return findings
    }

    private static func names(of from: SyntaxNode) -> [LintFinding] {
        let (keyword, name) = (from.arguments[1], from.arguments[2])
        var findings: [LintFinding] = []
        if name != name.lowercased() {
            findings.append(
                LintFinding(
                    .stageNameCasing,
                    "the stage's name `\(name)` is not in lower case",
                    "Write `\(name.lowercased())`.",
                    in: from.place
                ).moved(to: from.place.last(name))
            )
        }
        // A `FROM` that is neither is told by another rule.
        if let wanted = isUpper(from.name) ? "AS" : isLower(from.name) ? "as" : nil, keyword != wanted {
            findings.append(
                LintFinding(
                    .fromAsCasing,
                    "`\(keyword)` and `\(from.name)` are not written in the same case",
                    "Write `\(wanted)`.",
                    in: from.place
                ).moved(to: from.place.last(keyword))
            )
        }
        return findings
    }

    /// `docker build --call=outline` shows the comment right above as what it describes.
    private static func description(of node: SyntaxNode, _ names: [String]) -> [LintFinding] {
        guard let comment = node.place.comments.last, let name = names.first, !comment.text.isEmpty,
            !names.contains(comment.text.cut(at: " ")?.before ?? comment.text)
        else { return [] }
        let finding = LintFinding(
            .invalidDefinitionDescription,
            "the comment above this \(node.name.uppercased()) does not begin with the name that it describes",
            "Begin it with `# \(name)`, or put an empty line below it.",
            in: node.place
        )
        return [finding]
    }

    private static func stageNames(_ nodes: [SyntaxNode]) -> [LintFinding] {
        var seen: Set<String> = []
        var findings: [LintFinding] = []
        for from in nodes where from.keyword == "from" && from.arguments.count == 3 {
            let name = from.arguments[2].lowercased()
            var found: [LintFinding] = []
            if ["context", "scratch"].contains(name) {
                found.append(
                    LintFinding(
                        .reservedStageName,
                        "a stage is called `\(name)`, which has a meaning of its own",
                        "Call it otherwise.",
                        in: from.place
                    )
                )
            }
            if !seen.insert(name).inserted {
                found.append(
                    LintFinding(
                        .duplicateStageName,
                        "an earlier stage is called `\(name)` too",
                        "Give each stage a name of its own.",
                        in: from.place
                    )
                )
            }
            findings += found.map { $0.moved(to: from.place.last(from.arguments[2])).ofWholeFile }
        }
        return findings
    }

    /// The `ARG`s above the first `FROM` may be written as they like.
    private static func casing(_ nodes: [SyntaxNode]) -> [LintFinding] {
        let nodes = nodes.drop { $0.keyword != "from" }
        let isLowerUsual = nodes.count { isLower($0.name) } > nodes.count { isUpper($0.name) }
        return nodes.compactMap { node in
            let wanted = isLowerUsual ? node.name.lowercased() : node.name.uppercased()
            guard node.name != wanted else { return nil }
            return LintFinding(
                .consistentInstructionCasing,
                "`\(node.name)` is not written in \(isLowerUsual ? "lower" : "upper") case, as most instructions are",
                "Write `\(wanted)`.",
                in: node.place
            ).ofWholeFile
        }
    }

    private static func isLower(_ word: String) -> Bool { word == word.lowercased() }

    private static func isUpper(_ word: String) -> Bool { word == word.uppercased() }
}
