/// SIGINT, SIGTERM and SIGHUP: the first ends the loop cleanly, the second at once.

import Dispatch
import Glibc
import Synchronization

/// Listens until it is let go.
final class Interrupts {
    private let sources: [any DispatchSourceSignal]
    let count = InterruptCount()

    /// Returns when it listens, so that none is lost; one that comes earlier ends the program, since nothing is begun.
    init(stopping loop: Loop, _ session: Session) async {
        let count = count
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive))
            source.setEventHandler {
                guard count.isFirst() else {
                    // What runs is killed; what was half written has no name yet, so nobody sees it.
                    session.killRuns()
                    session.end()
                    _exit(1)
                }
                Task { await loop.stop() }
            }
            return source
        }
        for source in sources {
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { continuation.resume() }
                source.activate()
            }
        }
    }

    func end() { for source in sources { source.cancel() } }
}

/// How often somebody wanted the loop to end.
final class InterruptCount: Sendable {
    private let value = Atomic(0)
    func isFirst() -> Bool { value.add(1, ordering: .relaxed).oldValue == 0 }
}
