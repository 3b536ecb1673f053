/// Whether the engine tells what is true, when it becomes true.

import Engine
import Graph

extension World {
    mutating func note(_ report: Report) {
        switch report {
        case .idle:
            if !judge.owesIdle { violate(.effects, "idle is reported again, and nothing was told meanwhile") }
            (judge.isIdle, judge.owesIdle) = (true, false)
            if !judge.active.isEmpty { violate(.effects, "idle is reported while something runs") }
            if judge.openReadings.values.contains(versions.count) {
                violate(.effects, "idle is reported while something is being read")
            }
            judgeRecoveries()
            return
        case .planned: judge.isPlanned = true
        case .failed(let id, _), .blocked(let id, _), .waiting(let id, _):
            if let node = nodes[id] { judge.told[node] = report }
        case .finished(let id, _): if let node = nodes[id] { judge.told[node] = nil }
        case .recovered(let id):
            guard let node = nodes[id] else { break }
            if judge.told[node] == nil { violate(.effects, "\(id) is told to have recovered, and from nothing") }
            judge.told[node] = nil
        case .stale, .uncounted, .superseded: break
        }
        (judge.isIdle, judge.owesIdle) = (false, true)
    }

    /// Who was told of a trouble is told that it is over.
    private mutating func judgeRecoveries() {
        for (node, told) in judge.told.enumerated() {
            switch told {
            case .failed?, .blocked?, .waiting?: break
            default: continue
            }
            if engine.status(of: ids[node]) == .fresh {
                violate(.effects, "\(ids[node]) is fresh again, and that is not told")
            }
        }
    }

    /// What is checked after every event, when its effects are carried out.
    mutating func judge(_ effects: [Effect], of event: Event?) {
        for (position, effect) in effects.enumerated() {
            guard case .start(let start) = effect else { continue }
            let isMemoryLate = effects[position...].contains {
                if case .remember(_, .some) = $0 { true } else { false }
            }
            if isMemoryLate { violate(.effects, "\(start.node) starts before what led to it is remembered") }
            let isImage = blueprint.graph[start.node]?.kind == .image
            if !isImage, !effects[..<position].contains(.remember(start.node, nil)) {
                violate(.effects, "\(start.node) starts, and its last success is not void")
            }
        }
        switch event {
        case .ended(let id, let operation, let end):
            judgeFailure(of: operation, end, effects)
            noteStatus(of: id)
        case .keyed(let id, _, _): noteStatus(of: id)
        default: break
        }
        sampleProgress()
    }

    /// A failure is told at once, and so is what it keeps from running.
    private mutating func judgeFailure(of operation: OperationID, _ end: RunEnd, _ effects: [Effect]) {
        guard case .failed(let failure) = end.outcome, !end.inputsChanged, let run = runOf[operation].map({ runs[$0] }),
            blueprint.recipes[run.node] == run.recipe, judge.left[run.node] ?? -1 <= run.began
        else { return }
        let id = ids[run.node]
        if !effects.contains(.report(.failed(id, failure))) {
            violate(.effects, "\(id) failed, and that is not told at once")
        }
        guard case .failed = engine.status(of: id) else { return }
        for dependent in blueprint.graph.dependents(of: id) where !isTold(dependent, blockedBy: id) {
            violate(.effects, "\(dependent) is blocked by \(id), and that is not told at once")
        }
    }

    private func isTold(_ dependent: NodeID, blockedBy id: NodeID) -> Bool {
        guard let node = nodes[dependent] else { return true }
        switch engine.status(of: dependent) {
        case .running, .failed: return true
        default:
            guard case .blocked(_, let blockers)? = judge.told[node] else { return false }
            return blockers.contains(id)
        }
    }
}
