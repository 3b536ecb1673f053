/// From a step as an engine counts it to the line of the Dockerfile.

package import Dockerfile

extension Split.Head {
    /// nil where the step is none of the Dockerfile's.
    package func line(of step: EngineStep) -> Int? {
        step.isOfBuildKit ? lineOfBuildKit(step) : lineOfBuildah(step)
    }

    /// BuildKit counts what makes a layer, and the base where that is an image; an only stage is not named.
    private func lineOfBuildKit(_ step: EngineStep) -> Int? {
        let named = evaluation.stages.first { step.stage == evaluation.nameInHeads(of: $0.index) }
        guard let stage = step.stage == nil ? evaluation.stages.last : named else { return nil }
        var index = step.number - 1
        switch stage.base {
        case .project, .external:
            if index == 0 { return stage.line }
            index -= 1
        case .scratch, .stage: break
        }
        let counted = stage.instructions.filter { instruction in
            switch instruction.operation {
            case .copy, .run, .workingDirectory: true
            default: false
            }
        }
        return counted.indices.contains(index) ? counted[index].line : nil
    }

    /// buildah counts FROM, and all instructions as they are written: an `ARG` with two names once.
    private func lineOfBuildah(_ step: EngineStep) -> Int? {
        let number = step.stage.flatMap { Int($0) } ?? evaluation.stages.count
        guard evaluation.stages.indices.contains(number - 1) else { return nil }
        let stage = evaluation.stages[number - 1]
        var lines = [stage.line]
        for instruction in stage.instructions where instruction.line == stage.line || instruction.line != lines.last {
            lines.append(instruction.line)
        }
        return lines.indices.contains(step.number - 1) ? lines[step.number - 1] : nil
    }
}
