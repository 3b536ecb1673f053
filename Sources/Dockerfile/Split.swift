/// Where a Dockerfile is cut: the heads, which an engine builds, and what the assembler does on top of them.

package struct Split: Equatable, Sendable {
    /// What an engine builds, in the order of the file; empty: nothing.
    package var heads: [Head]
    /// What is left for the assembler: a stage with a head has no base, and only the instructions that follow; stages
    /// that only heads need are not there.
    package var tail: Evaluation

    /// A stage up to one of its instructions, or files of a stage.
    package struct Head: Equatable, Sendable {
        /// The stage's ``EvaluatedStage/index``.
        package var stage: Int
        /// The stage as far as the engine goes, with the stages that this needs before it.
        package var evaluation: Evaluation
        /// The paths that others copy from the stage, absolute and clean, where they alone are wanted; nil: the image.
        package var exports: [String]?
        /// Why an engine is needed; never empty.
        package var work: [EngineWork]

        /// The last line of the file that belongs to it, from 1: the stage's `FROM`, where there is no instruction.
        package var lastLine: Int {
            evaluation.stages.last.map { $0.instructions.last?.line ?? $0.line } ?? 1
        }
    }
}

extension Evaluation {
    /// Cuts each stage behind the last instruction that only an engine can carry out.
    ///
    /// `isWhole`: an engine does all of it.
    package func split(isWhole: Bool = false) -> Split {
        guard let target = stages.last else { return Split(heads: [], tail: self) }
        var cutter = Cutter(evaluation: self)
        let work = engineWork
        if isWhole || !foreignSyntax.isEmpty {
            return Split(
                heads: [cutter.head(target, target.instructions.count, work: work)],
                tail: cutter.tail([target.index: target.instructions.count])
            )
        }
        if work.isEmpty { return Split(heads: [], tail: self) }
        return cutter.cut(target)
    }
}

private struct Cutter {
    let evaluation: Evaluation
    /// How many instructions an engine carries out, by the stage's index.
    private var counts: [Int: Int] = [:]
    /// The stages that the assembler works on.
    private var assembled: Set<Int> = []
    /// What is copied from stages that nothing is built on.
    private var exported: [Int: [String]] = [:]

    init(evaluation: Evaluation) { self.evaluation = evaluation }

    mutating func cut(_ target: EvaluatedStage) -> Split {
        build(on: target)
        var heads: [Split.Head] = []
        for stage in evaluation.stages {
            if let count = counts[stage.index] {
                let work = Evaluation.work(platformOf: stage) + stage.instructions[..<count].flatMap(Evaluation.work)
                heads.append(head(stage, count, work: work))
            } else if let paths = exported[stage.index], !assembled.contains(stage.index) {
                heads.append(export(paths, of: stage))
            }
        }
        return Split(heads: heads, tail: tail(counts))
    }

    /// The stage becomes the image, or the base of one that does.
    private mutating func build(on stage: EvaluatedStage) {
        guard assembled.insert(stage.index).inserted else { return }
        let last = stage.instructions.lastIndex { !Evaluation.work($0).isEmpty }
        var rest = stage.instructions[...]
        if stage.platform != nil {
            counts[stage.index] = stage.instructions.count
            rest = []
        } else if let last {
            // The triggers of a base run all at once, when the engine comes to its FROM.
            let triggers = stage.instructions.prefix { $0.line == stage.line }.count
            let count = max(last + 1, triggers)
            counts[stage.index] = count
            rest = stage.instructions[count...]
        } else if let base = self.stage(stage.base) {
            build(on: base)
        }
        for instruction in rest { read(instruction) }
    }

    /// Only the files of other stages are wanted.
    private mutating func read(_ instruction: EvaluatedInstruction) {
        guard case .copy(let copy) = instruction.operation, let from = copy.from, let stage = stage(from) else {
            return
        }
        guard needsEngine(stage) else { return build(on: stage) }
        for case .path(let path) in copy.sources {
            let wanted = copy.keepsParents ? Copy.pivot(of: path).folder : path
            exported[stage.index, default: []].append(Self.exported(wanted))
        }
    }

    /// Itself, or a stage that it is built on or copies from.
    private func needsEngine(_ stage: EvaluatedStage) -> Bool {
        let closure = evaluation.needed(by: stage)
        return closure.contains { stage in
            stage.platform != nil || stage.instructions.contains { !Evaluation.work($0).isEmpty }
        }
    }

    /// The source itself, or the folder above its first wildcard: what a pattern finds there is the same.
    private static func exported(_ written: String) -> String {
        let parts = Copy.cleanedSource(written).pathNames
        let plain = parts.prefix { !WildcardPattern.hasWildcards(in: String($0)) }
        return "/" + plain.joined(separator: "/")
    }

    private func stage(_ base: Base) -> EvaluatedStage? {
        guard case .stage(let index) = base else { return nil }
        return evaluation.stages.first { $0.index == index }
    }

    func head(_ stage: EvaluatedStage, _ count: Int, work: [EngineWork]) -> Split.Head {
        var own = stage
        own.instructions = Array(stage.instructions[..<count])
        var part = evaluation
        part.stages = evaluation.needed(by: own)
        return Split.Head(stage: stage.index, evaluation: part, exports: nil, work: work)
    }

    private func export(_ paths: [String], of stage: EvaluatedStage) -> Split.Head {
        var part = evaluation
        part.stages = evaluation.needed(by: stage)
        var exports: [String] = []
        for path in paths where !exports.contains(where: path.isSame) {
            // What lies in a folder that is exported comes with it.
            if !paths.contains(where: { path.isBelow($0) }) { exports.append(path) }
        }
        var own = part
        own.syntax = nil
        return Split.Head(stage: stage.index, evaluation: part, exports: exports, work: own.engineWork)
    }

    /// What is left of the stages that the assembler works on; a stage of which files are exported is left empty.
    func tail(_ counts: [Int: Int]) -> Evaluation {
        var tail = evaluation
        tail.stages = evaluation.stages.compactMap { stage in
            var stage = stage
            if let count = counts[stage.index] {
                (stage.base, stage.platform) = (.scratch, nil)
                stage.instructions = Array(stage.instructions[count...])
            } else if !assembled.contains(stage.index) {
                guard exported[stage.index] != nil else { return nil }
                (stage.base, stage.platform) = (.scratch, nil)
                stage.instructions = []
            }
            return stage
        }
        return tail
    }
}

extension Evaluation {
    /// A stage and those that it needs, in the order of the file, the stage last.
    fileprivate func needed(by stage: EvaluatedStage) -> [EvaluatedStage] {
        var found: [Int: EvaluatedStage] = [stage.index: stage]
        var open = [stage]
        while let next = open.popLast() {
            for case .stage(let index) in [next.base] + next.instructions.flatMap(\.sources) {
                guard found[index] == nil, let need = stages.first(where: { $0.index == index }) else { continue }
                found[index] = need
                open.append(need)
            }
        }
        return stages.compactMap { found[$0.index] }
    }
}

extension String {
    /// Of absolute, clean paths.
    fileprivate func isBelow(_ folder: String) -> Bool {
        folder == "/" ? self != "/" : begins(with: folder + "/")
    }
}
