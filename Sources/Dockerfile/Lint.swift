/// BuildKit's build checks of a Dockerfile: what is allowed, and still seldom meant.

extension Dockerfile {
    /// In the order of the lines, warnings unless the file says `error=true`; nothing where it can't be evaluated.
    ///
    /// As in a build by BuildKit, what stands in stages that the target does not need is looked at only as it is
    /// written. `isReference`: whether a text can be the name of an image.
    package func lint(_ options: EvaluationOptions, isReference: (String) -> Bool) -> [DockerfileProblem] {
        guard let lint = try? lintOptions(options.arguments) else { return [] }
        let bases = BaseLint(self, options).findings(isReference: isReference)
        var problems: [DockerfileProblem] = (syntaxFindings + bases + stageFindings(options)).compactMap { finding in
            guard lint.merging(finding.comments).counts(finding.rule) else { return nil }
            var problem = finding.problem
            problem.isWarning = !lint.isError || finding.isGuess
            return problem
        }
        problems += unknownRules(lint, isGiven: options.arguments.contains { $0.key == LintOptions.argument })
        return DockerfileProblems(sorting: problems).all
    }

    /// What counts for the whole file: the build argument, or else the directive.
    package func lintOptions(_ arguments: [KeyValue]) throws(DockerfileProblem) -> LintOptions {
        let given = arguments.last { $0.key == LintOptions.argument }
        do throws(Mistake) {
            return try LintOptions(given?.value ?? check?.value ?? "")
        } catch {
            guard given != nil else { throw check?.comment.place.problem(error) ?? first.problem(error) }
            throw inArgument(error.reason, "Write it like `skip=RuleA,RuleB;error=true`.")
        }
    }

    /// Whether a rule counts for the instruction that begins on this line.
    package func counts(_ rule: LintRule, at line: Int, _ options: LintOptions) -> Bool {
        let instruction = stages.flatMap(\.instructions).first { $0.place.line == line }
        return options.merging(instruction?.place.comments ?? []).counts(rule)
    }

    private var first: InstructionPlace { InstructionPlace(line: 1, source: []) }

    private func inArgument(_ reason: String, _ remedy: String) -> DockerfileProblem {
        first.problem(Mistake("check-argument", "the argument `\(LintOptions.argument)`: \(reason)", remedy))
    }

    private func unknownRules(_ lint: LintOptions, isGiven: Bool) -> [DockerfileProblem] {
        var problems = lint.mistakes.map { mistake in
            isGiven
                ? inArgument(mistake.reason, mistake.remedy) : (check?.comment.place ?? first).problem(mistake)
        }
        let places = globals.map(\.place) + stages.flatMap { [$0.place] + $0.instructions.map(\.place) }
        for comment in places.flatMap(\.comments) {
            let options = comment.check.flatMap { try? LintOptions($0) }
            problems += options?.mistakes.map(comment.place.problem) ?? []
        }
        return problems.map { problem in
            var problem = problem
            problem.isWarning = true
            return problem
        }
    }
}
