/// What will happen in the virtual world, and when.

/// A binary heap; what falls on one moment happens in the order in which it was scheduled.
struct Schedule<Act: Sendable>: Sendable {
    private struct Entry: Sendable {
        var at: Int
        var order: Int
        var act: Act
        func isBefore(_ other: Entry) -> Bool { at != other.at ? at < other.at : order < other.order }
    }

    private var heap: [Entry] = []
    private var order = 0

    /// The moment is in milliseconds since the world began.
    mutating func add(_ act: Act, at: Int) {
        order += 1
        heap.append(Entry(at: at, order: order, act: act))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> (at: Int, act: Act)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.act)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
