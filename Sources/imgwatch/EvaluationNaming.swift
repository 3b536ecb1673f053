/// Puts the exact references of bases where the evaluation holds their placeholders.

import Dockerfile
import Graph
import Project

extension Image {
    /// Whether a base's reference stands in the image itself: then where images go is a part of what it is.
    var showsReferences: Bool {
        let images = arguments.compactMap { argument in if case .image(let id) = argument.value { id } else { nil } }
        let probes = images.map { BaseImage.probe($0.name) }
        return !probes.isEmpty && variants.contains { $0.evaluation.naming(probes) != $0.evaluation }
    }
}

extension Evaluation {
    /// An argument `{ image: NAME }` reaches a `FROM` as an edge; where its text goes elsewhere (a variable, a label),
    /// it is the base's reference by digest, which follows from the key alone.
    func naming(_ bases: [BaseImage]) -> Evaluation {
        let names = bases.map { (placeholder: Loader.placeholder(for: $0.name), reference: $0.reference) }
        let fill: (String) -> String = { text in
            names.reduce(text) { $0.replacing($1.placeholder, with: $1.reference) }
        }
        var filled = self
        for stage in filled.stages.indices {
            for index in filled.stages[stage].instructions.indices {
                let instruction = filled.stages[stage].instructions[index]
                filled.stages[stage].instructions[index].operation = instruction.operation.mapping(fill)
                filled.stages[stage].instructions[index].history = fill(instruction.history)
            }
        }
        return filled
    }
}

extension Operation {
    fileprivate func mapping(_ fill: (String) -> String) -> Operation {
        switch self {
        case .environment(let values): .environment(values.map { KeyValue(fill($0.key), fill($0.value)) })
        case .labels(let values): .labels(values.map { KeyValue(fill($0.key), fill($0.value)) })
        case .command(let words): .command(words.map(fill))
        case .entrypoint(let words): .entrypoint(words.map(fill))
        case .shell(let words): .shell(words.map(fill))
        case .user(let name): .user(fill(name))
        case .maintainer(let name): .maintainer(fill(name))
        case .onBuild(let text): .onBuild(fill(text))
        case .argument(let name, let value): .argument(name: name, value: value.map(fill))
        case .copy(let copy): .copy(copy.mapping(fill))
        case .run, .expose, .volumes, .stopSignal, .healthcheck, .workingDirectory: self
        }
    }
}

extension Copy {
    /// Here-documents are text; whatever else a copy says is a path.
    fileprivate func mapping(_ fill: (String) -> String) -> Copy {
        var copy = self
        copy.sources = sources.map { source in
            guard case .inline(let name, let content) = source else { return source }
            return .inline(name: name, content: fill(content))
        }
        return copy
    }
}
