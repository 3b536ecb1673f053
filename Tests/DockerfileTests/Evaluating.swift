/// Short ways from a text to what is expected of it.

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
