/// A copy of a tree that is kept from change batches alone, to be held against the tree itself.

import Foundation
import Glibc
import Watching

struct Mirror: Equatable {
    /// What a look at one entry shows.
    ///
    /// A directory's times and size change with its entries, which are told themselves.
    struct Entry: Equatable {
        var mode: UInt32
        var inode: UInt64
        var size: Int
        var modified: [Int]
        /// How many names a file has; not compared, since a name elsewhere is no change here.
        var linkCount: UInt64
        var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

        static func == (left: Entry, right: Entry) -> Bool {
            (left.mode, left.inode, left.size) == (right.mode, right.inode, right.size)
                && left.modified == right.modified
        }

        init?(at path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            (mode, inode, linkCount) = (status.st_mode, UInt64(status.st_ino), UInt64(status.st_nlink))
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            size = isDirectory ? 0 : Int(status.st_size)
            modified = isDirectory ? [] : [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        }
    }

    let root: String
    let includes: @Sendable (String) -> Bool
    /// By path relative to the root; the root itself is "".
    private(set) var entries: [String: Entry] = [:]
    /// The paths directly below a path.
    private var children: [String: Set<String>] = [:]

    /// Walks the tree.
    init(of root: String, includes: @escaping @Sendable (String) -> Bool = { _ in true }) {
        (self.root, self.includes) = (root, includes)
        read("")
    }

    static func == (left: Mirror, right: Mirror) -> Bool { left.entries == right.entries }

    private mutating func read(_ path: String) {
        let absolute = path.isEmpty ? root : root + "/" + path
        set(Entry(at: absolute), at: path)
        guard entries[path]?.isDirectory == true, path.isEmpty || includes(absolute) else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: absolute)) ?? [] {
            read(path.isEmpty ? name : path + "/" + name)
        }
    }

    /// Looks only at what is named.
    mutating func apply(_ batch: ChangeBatch) {
        guard !batch.mustRescan else {
            self = Mirror(of: root, includes: includes)
            return
        }
        for change in batch.changes where change.path == root || change.path.hasPrefix(root + "/") {
            let path = String(change.path.dropFirst(root.count + 1))
            let entry = change.isRemoval ? nil : Entry(at: change.path)
            if entry?.isDirectory != true || change.isRecursive { removeAll(below: path) }
            if change.isRecursive, entry != nil { read(path) } else { set(entry, at: path) }
        }
    }

    private mutating func set(_ entry: Entry?, at path: String) {
        entries[path] = entry
        guard entry != nil else { return }
        // The disk may be ahead of the changes: what is above need not be known yet, and its removal takes this along.
        var path = path
        while !path.isEmpty {
            let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            guard children[parent, default: []].insert(path).inserted else { return }
            path = parent
        }
    }

    private mutating func removeAll(below path: String) {
        for child in children.removeValue(forKey: path) ?? [] {
            entries[child] = nil
            removeAll(below: child)
        }
    }

    /// The files that have other names, as the disk says now.
    var linkedFiles: Set<String> {
        let paths = entries.keys.map { $0.isEmpty ? root : root + "/" + $0 }
        return Set(
            paths.filter { path in
                guard let entry = Entry(at: path) else { return false }
                return entry.mode & S_IFMT == S_IFREG && entry.linkCount > 1
            }
        )
    }

    /// Which paths differ, for the message of a failure.
    func differences(from other: Mirror) -> [String] {
        Set(entries.keys).union(other.entries.keys).sorted().filter { entries[$0] != other.entries[$0] }
    }
}
