/// The store of a loop that is left running: it is cleaned where it has grown over its limit and nothing else is to do.

import Engine
import Foundation
import OCI
import Project
import Reporting

extension Loop {
    /// How long nothing happened before the store is looked at.
    private static let cleaningPause: Duration = .seconds(2)

    /// Looks at the store in a while, unless something happens before.
    func watchStore() {
        cleaning?.cancel()
        guard mode == .watch else { return }
        cleaning = Task {
            try? await Task.sleep(for: Self.cleaningPause)
            guard !Task.isCancelled, !isOver, hasNothingToDo else { return }
            let layout = session.store.layout
            let size = await offload { layout.size }
            // What is in use may take more: that is not looked for again and again.
            guard !Task.isCancelled, !isOver, size > max(nodes.project.storeLimit, storeFloor) else { return }
            if isAtRest { cleanStore(size) } else if hasNothingToDo { watchStore() }
        }
    }

    private var isAtRest: Bool { hasNothingToDo && runs.isEmpty && session.heads.isIdle && basesAsked == 0 }

    /// Nothing else happens meanwhile: what is being written has no name yet, and would be taken for what has none any
    /// more.
    private func cleanStore(_ size: Int) {
        guard let done = session.cleanStore(of: nodes.project) else { return }
        storeFloor = size - done.bytes + nodes.project.storeLimit / 10
        guard done.bytes > 0 else { return }
        let gone = Formats.size(bytes: done.bytes)
        tell(notice: "the store took \(Formats.size(bytes: size)): \(gone) that nothing needs were removed")
    }
}
