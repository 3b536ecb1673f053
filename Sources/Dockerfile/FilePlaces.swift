/// Where things stand in a Dockerfile as it is written, for whoever adds something to it.

extension Dockerfile {
    /// The line of a stage's FROM, from 1.
    package func line(ofStage index: Int) -> Int? { stages.indices.contains(index) ? stages[index].place.line : nil }

    /// The lines, from 1, before the first stage that say something.
    package var linesBeforeStages: Set<Int> {
        let arguments = globals.map(\.place).flatMap { place in
            place.line..<place.line + place.source.count + place.heredocs.count
        }
        return Set(arguments).union(Set(directives.indices.map { $0 + 1 }))
    }

    /// What ARG declares before the first stage.
    package var globalArgumentNames: Set<String> { Set(globals.flatMap(\.argumentNames)) }

    /// What ARG declares in stages, where RUN gets it.
    package var stageArgumentNames: Set<String> { Set(stages.flatMap(\.instructions).flatMap(\.argumentNames)) }
}
