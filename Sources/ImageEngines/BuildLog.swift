/// Reads the log of a build on another machine, where some engine has printed between other programs.

package struct BuildLog {
    private var output = EngineOutput(.buildkit)
    private var kind = EngineKind.docker
    private var hasSteps = false
    /// What was printed before any step, or without one.
    private var others: [String] = []

    package init() {}

    /// What an engine tells; lines of others are told as they are.
    package mutating func read(_ line: String) -> [EngineEvent] {
        if !hasSteps, EngineOutput.beginsBuildahStep(line) { (output, kind) = (EngineOutput(.buildah), .buildah) }
        let events = output.read(line)
        hasSteps = hasSteps || !events.isEmpty
        if hasSteps { return events }
        others.append(line)
        if others.count > EngineOutput.mostLines { others.removeFirst() }
        return [.output(line)]
    }

    /// Why the build failed, as far as an engine has said it; nil where the log says nothing of a step that failed.
    package var problem: EngineProblem? {
        let problem = output.problem(1, of: kind)
        return hasSteps && problem.kind == .build && problem.step != nil ? problem : nil
    }

    /// The last lines where no step is to blame.
    package var lastLines: [String] { others }
}
