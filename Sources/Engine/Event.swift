/// What happened in the world, as the runtime tells the engine, and what the engine wants done about it.

package import Graph

package enum Event: Equatable, Sendable {
    /// A change batch, closed at a barrier.
    case changed([Change])
    /// The watcher lost its place: every input may have changed.
    case rescanned(barrier: Sequence)
    /// The answer to ``Effect/key(_:_:)``.
    case keyed(NodeID, OperationID, Keying)
    /// An image's inputs, read at one instant; the engine answers with publish or cancel.
    case snapshot(NodeID, OperationID, Snapshot)
    /// A run is over: its processes are gone and its last request is answered. Cancelled runs end so too.
    case ended(NodeID, OperationID, RunEnd)
    /// Git is in the middle of something.
    case gitBusy
    /// A process that holds git's lock is there and may write, though nothing changed for a while.
    case gitAtWork
    /// Git is at rest again, or a commit moved HEAD.
    case gitRest(barrier: Sequence)
    /// The moment of ``Effect/wake(at:)`` has come.
    case woke
    /// The runtime told the user something by itself: an idle is owed.
    case told
    case pause
    case resume
    /// Asks a manual node and what it needs to run.
    case trigger(NodeID)
    /// Failed nodes may start again with the same key.
    case retry
    /// What an image's references show can't be had any more: it is made again.
    case lost(NodeID)
    /// A new configuration, what is remembered of its nodes, and the barrier of its reading.
    case reloaded(Graph, memory: [NodeID: Success], barrier: Sequence)
}

/// One path of a change batch.
package struct Change: Equatable, Sendable {
    package var path: String
    package var sequence: Sequence
    /// The nodes that read the path, in graph order; without its owner.
    package var readers: [NodeID]
    /// The step that has the path in its outputs.
    package var owner: NodeID?
    package init(path: String, sequence: Sequence, readers: [NodeID], owner: NodeID? = nil) {
        (self.path, self.sequence, self.readers, self.owner) = (path, sequence, readers, owner)
    }
}

/// What reading a node's inputs gave.
package struct Keying: Equatable, Sendable {
    /// The hash of all that decides the node's result, but for the keys of its bases; nil where the inputs did not
    /// hold still long enough to be read.
    package var own: String?
    /// The hash of a step's outputs; "" for others.
    package var outputs: String
    package var provenance: Provenance
    /// Everything the watcher had seen when the reading was complete.
    package var barrier: Sequence
    /// Inputs that the definition names and that can't be had, each as the user is told.
    ///
    /// As in `its input a/b.c does not exist`. What some step makes is not among them.
    package var missing: [String]
    /// Inputs that are still open for writing.
    package var writers: [String]
    package init(
        own: String?,
        outputs: String = "",
        provenance: Provenance = .none,
        barrier: Sequence,
        missing: [String] = [],
        writers: [String] = []
    ) {
        (self.own, self.outputs, self.provenance) = (own, outputs, provenance)
        (self.barrier, self.missing, self.writers) = (barrier, missing, writers)
    }
}

/// An image's inputs as they were at one instant.
package struct Snapshot: Equatable, Sendable {
    package var own: String
    package var provenance: Provenance
    package var barrier: Sequence
    package init(own: String, provenance: Provenance, barrier: Sequence) {
        (self.own, self.provenance, self.barrier) = (own, provenance, barrier)
    }
}

/// How a run ended.
package struct RunEnd: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case succeeded
        case failed(Failure)
        case cancelled
    }
    package var outcome: Outcome
    /// Everything the watcher had seen when the run's processes were gone.
    package var barrier: Sequence
    /// A step: an input is not the one that was keyed, by inode or ctime.
    package var inputsChanged: Bool
    /// A step: the hash of its outputs as the run left them.
    package var outputs: String
    /// A step: declared outputs that do not exist.
    package var missingOutputs: [String]
    /// An image: what its references show now.
    package var publication: Publication?
    /// An image: it failed after some of its references may have been set already.
    package var isHalfDone: Bool
    package init(
        _ outcome: Outcome,
        barrier: Sequence,
        inputsChanged: Bool = false,
        outputs: String = "",
        missingOutputs: [String] = [],
        publication: Publication? = nil,
        isHalfDone: Bool = false
    ) {
        (self.outcome, self.barrier, self.inputsChanged) = (outcome, barrier, inputsChanged)
        (self.outputs, self.missingOutputs, self.publication) = (outputs, missingOutputs, publication)
        self.isHalfDone = isHalfDone
    }
}

/// What the runtime must do next, in this order.
package enum Effect: Equatable, Sendable {
    /// Read the node's inputs; answered by ``Event/keyed(_:_:_:)``.
    case key(NodeID, OperationID)
    /// Start a run; answered by ``Event/ended(_:_:_:)``, for an image after ``Event/snapshot(_:_:_:)``, unless its key
    /// is published already and only references are added.
    case start(Start)
    /// The run may publish what its snapshot holds.
    case publish(NodeID, OperationID, Publication)
    case cancel(NodeID, OperationID)
    /// Durable before the next effect; nil forgets.
    case remember(NodeID, Success?)
    /// Replaces an earlier moment.
    case wake(at: Moment)
    case report(Report)
}

/// A run that the gate let through.
package struct Start: Equatable, Sendable {
    package var node: NodeID
    package var operation: OperationID
    /// The keying whose inputs the run is judged by.
    package var keying: OperationID?
    /// An image: what is published where nothing needs to be built.
    ///
    /// A deploy: what it acts on.
    package var publication: Publication
    package var cause: Cause
}

/// What the user is told.
package enum Report: Equatable, Sendable {
    /// Every node was keyed once: the first round's plan is made.
    case planned
    case stale(NodeID, Cause)
    case waiting(NodeID, [Hold])
    /// A step's run counted.
    case finished(NodeID, OperationID)
    /// A run ended that is neither a success nor a failure: the node goes round again.
    case uncounted(NodeID, OperationID)
    case superseded(NodeID, OperationID, Cause)
    case failed(NodeID, Failure)
    case blocked(NodeID, by: [NodeID])
    /// A node that failed, was blocked, or waited is fresh, and did not have to run: its inputs are what they were.
    case recovered(NodeID)
    case idle
}
