/// Short ways from a text to what is expected of it.

import Testing

@testable import Dockerfile

/// The problems that a text has, or nothing; of an evaluation too, where options are given.
func problems(_ text: String, _ options: EvaluationOptions? = nil) -> [DockerfileProblem] {
    do throws(DockerfileProblems) {
        let file = try Dockerfile.parse(text)
        if let options { _ = try file.evaluate(options) }
        return []
    } catch {
        return error.all
    }
}

func evaluate(_ text: String, _ options: EvaluationOptions = EvaluationOptions()) throws -> Evaluation {
    try Dockerfile.parse(text).evaluate(options)
}

/// The operations of the target.
func operations(_ text: String, _ options: EvaluationOptions = EvaluationOptions()) throws -> [Operation] {
    try evaluate(text, options).stages.last?.instructions.map(\.operation) ?? []
}

/// The history of the target.
func history(_ text: String, _ options: EvaluationOptions = EvaluationOptions()) throws -> [String] {
    try evaluate(text, options).stages.last?.instructions.map(\.history) ?? []
}

/// What the checks say, like `2:6 StageNameCasing`, an error with a `!`; a name is a reference where it is not cut off.
func lint(_ text: String, _ options: EvaluationOptions = EvaluationOptions()) throws -> [String] {
    let file = try Dockerfile.parse(text)
    _ = try file.evaluate(options)
    let problems = file.lint(options) { !$0.isEmpty && !$0.hasSuffix(":") && !$0.hasSuffix("-") }
    return problems.map { problem in
        let rule = LintRule.allCases.first { $0.id == problem.id }?.rawValue ?? problem.id
        return "\(problem.line):\(problem.column) \(rule)\(problem.isWarning ? "" : "!")"
    }
}

/// A text, and what the checks say of it.
struct LintCase: Sendable, CustomTestStringConvertible {
    var text: String
    var expected: [String]
    var arguments: [KeyValue]
    var testDescription: String { text }

    init(_ text: String, _ expected: [String] = [], _ arguments: [KeyValue] = []) {
        (self.text, self.expected, self.arguments) = (text, expected, arguments)
    }

    var found: [String] { get throws { try lint(text, EvaluationOptions(arguments: arguments)) } }
}

extension BaseName: ExpressibleByStringLiteral {
    /// For the usual platform.
    package init(stringLiteral reference: String) { self.init(reference, for: "linux/amd64") }
}
