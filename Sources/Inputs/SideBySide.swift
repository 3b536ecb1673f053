/// One work in parts, on all processors. `DispatchQueue.concurrentPerform` would take the dispatch library's pool of
/// threads, which is looked after once a second from then on.

internal import Dispatch
internal import Glibc
internal import Synchronization

package enum SideBySide {
    /// Threads that help now, in the whole process: a part may be divided in its turn.
    private static let helpers = Atomic(0)
    private static let most = sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1

    /// So many files are worth a thread.
    private static let portion = 50

    /// Those that pass, in their order.
    package static func filter<Value: Sendable>(
        _ values: [Value],
        _ isIncluded: @Sendable (Value) -> Bool
    ) -> [Value] {
        mapPortions(of: values) { $0.filter(isIncluded) }.flatMap(\.self)
    }

    /// What portions of the values come to, in their order.
    static func mapPortions<Value: Sendable, Result: Sendable>(
        of values: [Value],
        _ transform: @Sendable (ArraySlice<Value>) -> Result
    ) -> [Result] {
        map((values.count + portion - 1) / portion) { number in
            transform(values[number * portion..<min(values.count, (number + 1) * portion)])
        }
    }

    /// What the parts come to, in their order.
    static func map<Value: Sendable>(_ count: Int, _ part: @Sendable (Int) -> Value) -> [Value] {
        let values = Mutex<[Value?]>(Array(repeating: nil, count: count))
        perform(count) { number in
            let value = part(number)
            values.withLock { $0[number] = value }
        }
        return values.withLock { $0.compactMap(\.self) }
    }

    /// Returns when every part is done; the caller takes its share.
    static func perform(_ count: Int, _ part: @Sendable (Int) -> Void) {
        let parts = Parts(count)
        withoutActuallyEscaping(part) { part in
            let group = DispatchGroup()
            // A serial queue has a thread of its own.
            for _ in 1..<max(count, 1) where takeHelper() {
                DispatchQueue(label: "part").async(group: group) {
                    parts.doAll(part)
                    helpers.subtract(1, ordering: .relaxed)
                }
            }
            parts.doAll(part)
            group.wait()
        }
    }

    private static func takeHelper() -> Bool {
        if helpers.add(1, ordering: .relaxed).oldValue < most { return true }
        helpers.subtract(1, ordering: .relaxed)
        return false
    }

    private final class Parts: Sendable {
        private let count: Int
        private let next = Atomic(0)

        init(_ count: Int) { self.count = count }

        func doAll(_ part: (Int) -> Void) {
            while true {
                let number = next.add(1, ordering: .relaxed).oldValue
                guard number < count else { return }
                part(number)
            }
        }
    }
}
