/// What keeps a node from starting, by the name that machines read and in the words that people read.

import Engine
package import Graph

extension Hold {
    /// The `reason` of a hold in JSON.
    package var name: String {
        switch self {
        case .need: "need"
        case .writer: "writer"
        case .quiet: "quiet"
        case .git: "git"
        case .slot: "slot"
        case .paused: "paused"
        case .trigger: "trigger"
        case .loop: "loop"
        case .backOff: "back-off"
        case .ending: "ending"
        }
    }

    /// The node that it waits for.
    package var node: NodeID? {
        switch self {
        case .need(let node), .ending(let node): node
        default: nil
        }
    }

    /// The file that it waits for.
    package var path: String? {
        if case .writer(let path) = self { path } else { nil }
    }

    /// What follows "waiting for".
    package var text: String {
        switch self {
        case .need(let node): node.name
        case .writer(let path): "\(path) to be closed"
        case .quiet: "quiet"
        case .git: "git"
        case .slot: "a free slot"
        case .paused: "resume"
        case .trigger: "trigger"
        case .loop: "a second of rest, as its runs change what it is made from"
        case .backOff: "its next try"
        case .ending(let node): "\(node.name) to end"
        }
    }
}
