/// Bases from outside that nobody knows yet: an image waits for them, and the configuration is loaded again with them.

import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry

extension Loop {
    /// What an image's Dockerfile means is known only with its bases.
    func keyWithoutBases(_ image: Image, _ operation: OperationID) async {
        // What was asked for at the start is not asked for twice.
        let asked = image.unresolvedBases.filter { isAsked($0) && !session.bases.isJustMissed($0) }
        _ = await session.bases.resolve(asked)
        let known = session.bases.known
        let failed = image.unresolvedBases.filter { known[$0] == nil }
        guard !isOver, engine.awaits(operation, of: image.id) else { return }
        drain()
        guard failed.isEmpty else {
            let reasons = failed.map(whyMissing)
            tryBasesAgain()
            return handle(.keyed(image.id, operation, Keying(own: nil, barrier: sequence, missing: reasons)))
        }
        reloadProject(isEdited: false)
        // A configuration that somebody is just writing is loaded a little later.
        if nodes.project.image(image.id)?.unresolvedBases.isEmpty == false {
            try? await Task.sleep(for: Self.reloadPause)
        }
        guard !isOver, engine.awaits(operation, of: image.id) else { return }
        await key(image.id, operation)
    }

    private func isAsked(_ base: BaseName) -> Bool {
        session.bases.isAsked(base, nodes.project.pull(of: base))
    }

    private func whyMissing(_ base: BaseName) -> String {
        guard isAsked(base) else {
            return "the base \(base.text) has no pin yet, and `pull: never` forbids to ask for it: "
                + "write `pull: missing`, or start once with --pull"
        }
        let reason = session.bases.failure(base).map { ": \($0.reason); \($0.remedy)" } ?? ""
        let guess = Self.whyAsked(base.reference, nodes.project.images.map(\.id.name))
        return "the base \(base.text) can't be had\(guess)\(reason)"
    }

    /// A bare name is most often meant for an image of the project, which was renamed or forgotten.
    static func whyAsked(_ base: String, _ images: [String]) -> String {
        guard !base.contains(where: { "/:@.".contains($0) }) else { return "" }
        let guess = Nearest.to(base, in: images).map { "; did you mean `\($0)`?" } ?? ""
        return " (no image of this project is called `\(base)`, so Docker Hub was asked\(guess))"
    }

    private static let reloadPause: Duration = .milliseconds(50)

    /// A registry that does not answer may do so later; whom one does not let in is not to knock again and again.
    private func tryBasesAgain() {
        let failures = nodes.project.images.flatMap(\.unresolvedBases).compactMap(session.bases.failure)
            .filter { !$0.isRefusal }
        guard mode == .watch, baseRetry == nil, !failures.isEmpty else { return }
        basePause = min(basePause.map { $0 * 2 } ?? Self.firstPause, Self.longestPause)
        // Who asks for patience is asked again when all of it is over.
        let pause = max(basePause ?? Self.firstPause, failures.compactMap(\.retryAfter).max() ?? .zero)
        baseRetry = Task {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled, !isOver else { return }
            baseRetry = nil
            await resolveBases { session.bases.failure($0)?.isRefusal != true }
        }
    }

    /// Asks now for the bases that are missing.
    func resolveBases(where isMeant: (BaseName) -> Bool = { _ in true }) async {
        let missing = nodes.project.images.flatMap(\.unresolvedBases).filter { isAsked($0) && isMeant($0) }
        guard !missing.isEmpty else { return }
        basesAsked += 1
        let failed = await session.bases.resolve(missing).failed
        basesAsked -= 1
        guard !isOver else { return }
        if failed.count < Set(missing).count {
            drain()
            reloadProject(isEdited: false)
        }
        if failed.isEmpty { basePause = nil } else { tryBasesAgain() }
    }

    private static let firstPause: Duration = .seconds(2)
    private static let longestPause: Duration = .seconds(30)
}
