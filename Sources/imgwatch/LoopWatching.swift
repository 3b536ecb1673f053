/// What the kernel does not tell of: said once, looked at again and again, or watched by other means.

import Engine
import Foundation
import Graph
import Inputs
import Project
import Reporting
import Watching

extension Loop {
    /// What is polled is compared so often; the cost is a walk of those directories.
    private static let pollPause: Duration = .seconds(2)
    /// So many places are named.
    private static let namedPlaces = 3

    /// After each drain: says what is not seen, and has it polled.
    func noteBlindSpots() {
        let spots = session.watcher.blindSpots
        guard spots != blindSpots else { return }
        blindSpots = spots
        tell(notice: watchTrouble ?? "everything is watched again")
        poll?.cancel()
        poll = session.watcher.polled.isEmpty ? nil : Task { await self.pollUntilCancelled() }
    }

    private func pollUntilCancelled() async {
        while !Task.isCancelled, !isOver {
            try? await Task.sleep(for: Self.pollPause)
            if !Task.isCancelled { noteActivity() }
        }
    }

    /// One line for each reason; nil where everything is watched.
    var watchTrouble: String? {
        guard !blindSpots.isEmpty else { return nil }
        var lines: [String] = []
        if let failure = session.watcher.failure { lines = [failure.reason] + failure.remedies }
        let polled = session.watcher.polled
        if !polled.isEmpty { lines.append("polled every 2 s meanwhile: " + Self.named(polled)) }
        let unreadable = blindSpots.filter { $0.reason == .unreadable }.map(\.path)
        if !unreadable.isEmpty { lines.append("this user may not read " + Self.named(unreadable)) }
        return lines.joined(separator: "; ")
    }

    private static func named(_ paths: [String]) -> String {
        let rest = paths.count - namedPlaces
        return paths.prefix(namedPlaces).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// Inputs that have other names are watched by themselves: a write through such a name is no event of a directory.
    func watchHardLinks(of id: NodeID) {
        let paths = tracked.hardLinks(of: id)
        guard paths != hardLinks[id, default: []] else { return }
        hardLinks[id] = paths
        session.watcher.watchFiles(hardLinks.values.reduce(into: []) { $0.formUnion($1) })
    }
}
