/// The changes since the last drain, numbered, one of a kind per path.

struct Journal {
    private struct Subject: Hashable {
        var path: RawPath
        var isRemoval: Bool
    }

    /// More changes than this are no longer worth their memory: whoever gets them has to look at everything anyway.
    static let defaultLimit = 1 << 18

    private let limit: Int
    /// The last one given out.
    private(set) var sequence: UInt64 = 0
    private var latest: [Subject: (sequence: UInt64, isDirectory: Bool, isRecursive: Bool)] = [:]
    private var isOverflowed = false
    /// While set, nothing is recorded.
    var isPaused = false

    init(limit: Int = Self.defaultLimit) { self.limit = limit }

    /// A path's last removal and its last other change are both kept.
    ///
    /// What stood below it before the removal must go even if something stands there again. A path that was told with
    /// all below it stays so. What has a name that is no text is told by its folder, with all that is in it.
    mutating func record(
        _ path: @autoclosure () -> RawPath,
        isDirectory: Bool,
        isRemoval: Bool = false,
        isRecursive: Bool = false
    ) {
        guard !isPaused else { return }
        sequence += 1
        if latest.count >= limit {
            latest.removeAll()
            isOverflowed = true
        }
        let path = path()
        guard path.isText else {
            let folder = Array(path.folders).last { $0.isText } ?? .root
            latest[Subject(path: folder, isRemoval: false)] = (sequence, true, true)
            return
        }
        let subject = Subject(path: path, isRemoval: isRemoval)
        let wasRecursive = latest[subject]?.isRecursive == true
        latest[subject] = (sequence, isDirectory, isRecursive || wasRecursive)
    }

    /// Empties the journal.
    ///
    /// Not everything is in the changes if it overflowed.
    mutating func take() -> (changes: [Change], isOverflowed: Bool) {
        let changes = latest.map { subject, last in
            Change(
                path: subject.path.text,
                sequence: last.sequence,
                isDirectory: last.isDirectory,
                isRemoval: subject.isRemoval,
                isRecursive: last.isRecursive
            )
        }
        defer { (latest, isOverflowed) = ([:], false) }
        return (changes.sorted { $0.sequence < $1.sequence }, isOverflowed)
    }
}
