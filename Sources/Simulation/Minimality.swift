/// P3: what did not change is not run, and what failed is not run again with its key.

import Engine
import Graph

extension World {
    mutating func judgeNecessity(_ index: Int) {
        let run = runs[index]
        guard let last = judge.results[run.node], last.generation == generation, last.recipe == run.recipe else {
            return
        }
        let id = ids[run.node]
        let isRetried = last.retries != judge.retries
        switch (run.recipe.kind, last.verdict) {
        case (_, .neither): return
        case (.step, .counted):
            // What runs once per start runs once more when it comes back.
            guard !run.recipe.inputs.isEmpty || judge.left[run.node] == nil else { return }
            guard let reading = run.reading.map({ readings[$0] }) else { return }
            let bases = shownBases(of: run.node)
            let outputs = reading.seen.dropFirst(run.recipe.inputs.count).map { $0?.content }
            if keyed(reading) == last.inputs, bases == last.bases, outputs == last.outputs {
                violate(.minimality, "\(id) runs again, and nothing of it changed")
            }
        case (.step, .failed):
            let isSame = run.reading.map { keyed(readings[$0]) } == last.inputs
            if isSame, shownBases(of: run.node) == last.bases, !isRetried {
                violate(.minimality, "\(id) runs again with the key that failed")
            }
        case (.image, .counted): judgeReferences(run.start.publication, last.publication, of: id)
        case (.deploy, .counted):
            if last.publication?.key == run.start.publication.key {
                violate(.minimality, "\(id) runs again for the same publication")
            }
        case (.image, .failed), (.deploy, .failed):
            if last.publication?.key == run.start.publication.key, !isRetried {
                violate(.minimality, "\(id) runs again with the key that failed")
            }
        }
    }

    private func keyed(_ reading: Reading) -> [Content?] {
        reading.seen.prefix(reading.recipe.inputs.count).map { $0?.content }
    }

    private mutating func judgeReferences(_ new: Publication, _ old: Publication?, of id: NodeID) {
        guard let old, old.key == new.key, old.destination == new.destination else { return }
        if new.provenance.isDirty { violate(.minimality, "\(id) runs again, to add a dirty tag to what is published") }
        if new.provenance == old.provenance { violate(.minimality, "\(id) is published again as it was") }
    }

    /// What came of a run, as far as it can be told without the engine.
    mutating func noteResult(of index: Int, _ end: RunEnd) {
        let run = runs[index]
        var result = Judge.Result(
            verdict: .neither,
            recipe: run.recipe,
            publication: run.publication ?? run.start.publication,
            generation: generation,
            retries: judge.retries
        )
        switch end.outcome {
        case .cancelled: break
        case .succeeded: result.verdict = .counted
        case .failed(let failure): if !failure.isTransient { result.verdict = .failed }
        }
        // Of a node that left, only what it published is remembered.
        if let left = judge.left[run.node], left > run.began, end.publication == nil { result.verdict = .neither }
        if run.recipe.kind == .step, let reading = run.reading.map({ readings[$0] }) {
            result.inputs = keyed(reading)
            result.bases = run.bases
            result.outputs = run.recipe.outputs.map { tree.content(of: $0) }
            let isChanged = zip(run.recipe.inputs, reading.seen).contains { tree.files[$0] != $1 }
            if isChanged { result.verdict = .neither }
            if result.verdict == .counted, result.outputs.contains(nil) { result.verdict = .failed }
        }
        runs[index].verdict = result.verdict
        judge.results[run.node] = result
    }
}
