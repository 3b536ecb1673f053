/// The virtual files, with what a kernel knows of them and what it queues for a watcher.

import Engine

/// A file's bytes: a number stands for them.
typealias Content = UInt64

/// A place among ``Tree/names``.
typealias Path = Int

/// What a reader sees of a file: its bytes, and by which inode and ctime they can be told from equal ones.
struct File: Equatable, Sendable {
    var content: Content
    var inode: Int
    var changed: Sequence
}

struct Tree: Sendable {
    /// What the kernel queues inside the call that changes a file.
    struct Notice: Sendable {
        var path: Path
        var sequence: Sequence
    }

    let names: [String]
    private(set) var files: [File?]
    /// The place of the latest change of anything.
    private(set) var sequence: Sequence = 0
    /// How many writers hold a path open.
    private(set) var writers: [Int]
    private var queue: [Notice] = []
    private var isOverflowed = false
    private var history: [[(sequence: Sequence, content: Content?)]]
    private var lastInode = 0

    init(names: [String]) {
        self.names = names
        files = Array(repeating: nil, count: names.count)
        writers = Array(repeating: 0, count: names.count)
        history = Array(repeating: [], count: names.count)
    }

    /// Marks something else than a file as changed: a configuration, a commit.
    mutating func advance() -> Sequence {
        sequence += 1
        return sequence
    }

    /// Writes, or removes where `content` is nil; says whether anything was there to be done.
    mutating func write(_ path: Path, _ content: Content?, inPlace: Bool = false) -> Bool {
        guard content != nil || files[path] != nil else { return false }
        sequence += 1
        if let content {
            if files[path] == nil || !inPlace { lastInode += 1 }
            files[path] = File(
                content: content,
                inode: inPlace ? files[path]?.inode ?? lastInode : lastInode,
                changed: sequence
            )
        } else {
            files[path] = nil
        }
        history[path].append((sequence, content))
        if !isOverflowed { queue.append(Notice(path: path, sequence: sequence)) }
        return true
    }

    mutating func open(_ path: Path) { writers[path] += 1 }

    mutating func close(_ path: Path) { writers[path] -= 1 }

    /// The queue is full: what is in it, and all until the next drain, is lost.
    mutating func overflow() {
        queue = []
        isOverflowed = true
        sequence += 1
    }

    var hasNews: Bool { isOverflowed || !queue.isEmpty }

    /// Empties the kernel's queue; nil: it had overflowed.
    mutating func drain() -> [Notice]? {
        defer { (queue, isOverflowed) = ([], false) }
        return isOverflowed ? nil : queue
    }

    func content(of path: Path, at moment: Sequence) -> Content? {
        history[path].last { $0.sequence <= moment }?.content
    }

    func lastChange(of path: Path) -> Sequence { history[path].last?.sequence ?? 0 }

    func content(of path: Path) -> Content? { files[path]?.content }
}
