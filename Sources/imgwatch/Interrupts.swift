/// SIGINT and SIGTERM: the first ends the loop cleanly, the second at once.

import Dispatch
import Glibc
import Synchronization

final class Interrupts: Sendable {
    private let sources: [any DispatchSourceSignal & Sendable]
    private let count = Atomic(0)

    init(stopping loop: Loop, _ session: Session) {
        let signals = [SIGINT, SIGTERM, SIGHUP]
        var sources: [any DispatchSourceSignal & Sendable] = []
        for number in signals {
            signal(number, SIG_IGN)
            sources.append(DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInteractive)))
        }
        self.sources = sources
        for source in sources {
            source.setEventHandler { [weak self] in self?.arrived(loop, session) }
            source.activate()
        }
    }

    private func arrived(_ loop: Loop, _ session: Session) {
        guard count.add(1, ordering: .relaxed).oldValue == 0 else {
            // At once: what runs is killed; what was half written has no name yet, so nobody sees it.
            session.killRuns()
            _exit(1)
        }
        Task { await loop.stop() }
    }

    func end() { for source in sources { source.cancel() } }
}
