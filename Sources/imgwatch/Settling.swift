/// A node's files at one instant: read, barrier, read again what changed meanwhile, until nothing did.

import Engine
import Inputs

struct Settling: Sendable {
    enum Verdict {
        /// The files are these at the barrier.
        case settled(HeldFiles)
        /// Something can't be read, and nothing of the node changed since.
        case unreadable(UnreadableInput)
        /// Some of them changed: reads once more.
        case again
        /// The node reads other files now, or it is not known what changed.
        case overtaken
    }

    let entry: ProjectNodes.Entry
    let nodes: ProjectNodes
    private let known: KnownFiles?
    private let redefinition: Sequence
    /// The barrier before the reading.
    private var start: Sequence
    /// What was read, and is to be read again where it changed.
    private var files: HeldFiles?
    private var changed: [ChangedPath]?

    /// Called at a barrier; what an earlier session remembers helps where this one knows nothing yet.
    init(
        _ entry: ProjectNodes.Entry,
        of tracked: TrackedInputs,
        remembering remembered: KnownFiles?,
        at barrier: Sequence
    ) {
        (self.entry, start) = (entry, barrier)
        (nodes, redefinition) = (tracked.nodes, tracked.recent.redefinition)
        known = tracked.held[entry.id].map { KnownFiles($0.files, for: entry.scope) } ?? remembered
        changed = tracked.changes(of: entry.id)
    }

    /// The paths that are read again; nil where all is read for the first time.
    var reread: [ChangedPath]? { files == nil ? nil : changed }

    /// Blocks.
    ///
    /// - Returns: nil where a file changed while it was read.
    func read(by reader: InputReader) throws(UnreadableInput) -> HeldFiles? {
        if let files, let changed { return try reader.update(files, at: changed, of: entry, in: nodes) }
        return try reader.files(of: entry, in: nodes, known, changed: changed)
    }

    /// What is polled is compared with it at the barrier.
    func hold(_ found: Result<HeldFiles?, UnreadableInput>, in tracked: inout TrackedInputs) {
        guard case .success(let files?) = found, redefinition == tracked.recent.redefinition else { return }
        tracked.held[entry.id] = HeldReading(files, barrier: start)
    }

    /// Called at the barrier after the reading.
    mutating func judge(
        _ found: Result<HeldFiles?, UnreadableInput>,
        in tracked: inout TrackedInputs,
        at barrier: Sequence
    ) -> Verdict {
        guard redefinition == tracked.recent.redefinition,
            let changed = tracked.recent.paths(of: entry.id, since: start)
        else { return .overtaken }
        switch found {
        case .failure(let problem): return changed.isEmpty ? .unreadable(problem) : .overtaken
        case .success(nil): return .overtaken
        case .success(let files?):
            guard changed.isEmpty else {
                (self.files, self.changed, start) = (files, changed, barrier)
                return .again
            }
            tracked.held[entry.id]?.barrier = barrier
            return .settled(files)
        }
    }
}
