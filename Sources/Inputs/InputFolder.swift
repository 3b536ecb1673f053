/// A node's inputs as a tree of folders, so that one edit makes a handful of them anew and hashes nothing else.

internal import Dockerfile
internal import Git
internal import Glibc
internal import OCI

/// Immutable: a reading shares with the one before it every folder in which nothing changed.
final class InputFolder: Sendable {
    /// One name in a folder.
    struct Entry: Sendable {
        enum Kind: Sendable {
            /// `isProven`: whoever wrote it later would have left other times.
            case file(ContentHash, isProven: Bool)
            /// A file that the walk found and did not read; its number among those.
            case unread(Int)
            case link(target: String)
            /// `isInput`: the folder counts, and not only what is in it; `isProven`: what came or went in it since
            /// would have left other times.
            case folder(InputFolder, isInput: Bool, isProven: Bool)
        }
        var name: String
        var stat: FileStat
        var kind: Kind
    }

    /// In the order of the names' bytes.
    let entries: [Entry]
    let summary: Summary

    /// What all entries come to.
    struct Summary: Sendable {
        /// Of all that counts: names, kinds, permissions and content; never a time, an owner or an inode.
        var digest: Digest
        /// The id of the tree that git would make of the folder, were all of it committed.
        var gitTree: BlobID
        /// Files, links and folders that are inputs, at any depth.
        var count = 0
        /// Whether there is a file or a link, at any depth.
        var hasFiles = false
        /// The latest time at which a file changed, in nanoseconds since the epoch.
        var newest = Int64.min
        /// Whether a file has another name as well, which may lie elsewhere.
        var hasHardLinks = false
        /// Whether a file was not read yet: nothing else is known then.
        var hasUnread = false
    }

    var digest: Digest { summary.digest }
    var gitTree: BlobID { summary.gitTree }
    var count: Int { summary.count }
    var hasFiles: Bool { summary.hasFiles }
    var newest: Int64 { summary.newest }
    var hasHardLinks: Bool { summary.hasHardLinks }

    static let empty = InputFolder([], countsFolders: true)

    /// Of another session, which found that summary.
    init(_ entries: [Entry], _ summary: Summary) { (self.entries, self.summary) = (entries, summary) }

    /// With `countsFolders`, folders that are inputs count with their permissions, and when they are empty.
    init(_ entries: [Entry], countsFolders: Bool) {
        guard !entries.contains(where: \.hasUnread) else {
            var summary = Self.empty.summary
            (summary.count, summary.hasUnread) = (entries.count, true)
            (self.entries, self.summary) = (entries, summary)
            return
        }
        var form: [UInt8] = []
        form.reserveCapacity(entries.count * 64)
        for entry in entries { entry.append(to: &form, countsFolders: countsFolders) }
        let digest = form.isEmpty ? Self.nothing : form.withUnsafeBytes { Digest.sha256(of: $0) }
        form.removeAll(keepingCapacity: true)
        Self.appendTree(of: entries, to: &form)
        var summary = Summary(digest: digest, gitTree: BlobID(tree: form))
        for entry in entries {
            switch entry.kind {
            case .file:
                (summary.count, summary.hasFiles) = (summary.count + 1, true)
                summary.newest = max(summary.newest, entry.stat.modified, entry.stat.changed)
                if entry.stat.links > 1 { summary.hasHardLinks = true }
            case .link: (summary.count, summary.hasFiles) = (summary.count + 1, true)
            case .folder(let folder, let isInput, _):
                summary.count += folder.count + (isInput ? 1 : 0)
                summary.newest = max(summary.newest, folder.newest)
                if folder.hasFiles { summary.hasFiles = true }
                if folder.hasHardLinks { summary.hasHardLinks = true }
            case .unread: break
            }
        }
        (self.entries, self.summary) = (entries, summary)
    }

    /// Of a folder in which nothing counts.
    private static let nothing = Digest.sha256(of: [])
    fileprivate var isNothing: Bool { digest == Self.nothing }

    /// As git writes a tree: without empty folders, and folders in the order of their names with a slash.
    private static func appendTree(of entries: [Entry], to form: inout [UInt8]) {
        var order = Array(entries.indices)
        order.sort { entries[$0].isInTree(before: entries[$1]) }
        for entry in order.lazy.map({ entries[$0] }) {
            switch entry.kind {
            case .file(let hash, _):
                entry.appendItem(entry.stat.isExecutable ? "100755 " : "100644 ", hash.blobID, to: &form)
            case .link(let target): entry.appendItem("120000 ", BlobID(of: Array(target.utf8)), to: &form)
            case .folder(let folder, _, _): if folder.hasFiles { entry.appendItem("40000 ", folder.gitTree, to: &form) }
            case .unread: break
            }
        }
    }

    /// Where the name stands, or would.
    func place(of name: String) -> (index: Int, isThere: Bool) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name.hasBytes(before: name) { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].name.isSame(as: name))
    }

    subscript(name: String) -> Entry? {
        let (index, isThere) = place(of: name)
        return isThere ? entries[index] : nil
    }
}

extension InputFolder.Entry {
    /// No two lists of entries that differ in what counts give the same bytes: what has no fixed length stands behind
    /// its length.
    fileprivate func append(to form: inout [UInt8], countsFolders: Bool) {
        switch kind {
        case .file(let hash, _):
            appendHead("f", to: &form)
            hash.blobID.append(to: &form)
        case .link(let target):
            appendHead("l", to: &form, permissions: 0)
            form.append(number: target.utf8.count)
            form.append(UInt8(ascii: ":"))
            form.append(text: target)
        case .folder(let folder, let isInput, _):
            guard countsFolders && isInput || !folder.isNothing else { return }
            appendHead(countsFolders && isInput ? "d" : "p", to: &form, permissions: countsFolders && isInput ? nil : 0)
            folder.digest.append(to: &form)
        case .unread: break
        }
    }

    private func appendHead(_ kind: Unicode.Scalar, to form: inout [UInt8], permissions: UInt16? = nil) {
        form.append(UInt8(ascii: kind))
        form.append(number: Int(permissions ?? stat.permissions))
        form.append(UInt8(ascii: ":"))
        form.append(number: name.utf8.count)
        form.append(UInt8(ascii: ":"))
        form.append(text: name)
    }

    fileprivate func appendItem(_ mode: String, _ id: BlobID, to form: inout [UInt8]) {
        form.append(text: mode)
        form.append(text: name)
        form.append(0)
        id.append(to: &form)
    }

    /// The order of a tree of git's.
    fileprivate func isInTree(before other: InputFolder.Entry) -> Bool {
        let (end, otherEnd): (UInt8, UInt8) = (kind.folder == nil ? 0 : 0x2F, other.kind.folder == nil ? 0 : 0x2F)
        return name.hasBytes(before: other.name, end: end, otherEnd: otherEnd)
    }

    /// Whether both count the same, what is in them aside.
    fileprivate func counts(as other: InputFolder.Entry) -> Bool {
        switch (kind, other.kind) {
        case (.file(let a, _), .file(let b, _)): a == b && stat.permissions == other.stat.permissions
        case (.link(let a), .link(let b)): a.isSame(as: b)
        case (.folder(_, let isInput, _), .folder(_, let isOther, _)):
            isInput == isOther && (!isInput || stat.permissions == other.stat.permissions)
        default: false
        }
    }
}

extension BlobID {
    /// Of a blob that holds these bytes.
    init(of bytes: [UInt8]) { self = Self.made(of: "blob", bytes) }

    /// Of a tree that is written so.
    fileprivate init(tree form: [UInt8]) { self = Self.made(of: "tree", form) }

    private static func made(of kind: String, _ bytes: [UInt8]) -> BlobID {
        guard let id = BlobID(ContentHasher.gitID(of: kind, bytes)) else { preconditionFailure("a SHA-1 has 20 bytes") }
        return id
    }
}

extension String {
    /// The order of bytes, which is not that of characters; each name of each folder is compared often.
    ///
    /// Where one name begins with the other, the other's end counts as that byte.
    func hasBytes(before other: String, end: UInt8 = 0, otherEnd: UInt8 = 0) -> Bool {
        var (name, other) = (self, other)
        return name.withUTF8 { name in
            other.withUTF8 { other in
                let common = min(name.count, other.count)
                if common > 0, let start = name.baseAddress, let otherStart = other.baseAddress {
                    let order = memcmp(start, otherStart, common)
                    if order != 0 { return order < 0 }
                }
                if name.count == other.count { return end < otherEnd }
                return (name.count > common ? name[common] : end) < (other.count > common ? other[common] : otherEnd)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// In decimal digits.
    fileprivate mutating func append(number: Int) {
        if number >= 10 { append(number: number / 10) }
        append(UInt8(ascii: "0") + UInt8(number % 10))
    }
}

extension InputFolder.Entry {
    var hasUnread: Bool {
        switch kind {
        case .unread: true
        case .folder(let folder, _, _): folder.summary.hasUnread
        case .file, .link: false
        }
    }
}

extension InputFolder.Entry.Kind {
    /// What a reading shows of it; nil for a folder that is no input itself.
    var shown: InputFile.Kind? {
        switch self {
        case .file(let hash, _): .file(hash)
        case .link(let target): .link(target: target)
        case .folder(_, let isInput, _): isInput ? .directory : nil
        case .unread: nil
        }
    }

    var folder: InputFolder? { if case .folder(let folder, _, _) = self { folder } else { nil } }
}

extension InputFolder {
    /// Calls for each entry, with its path; what is in a folder comes after it, where the call returns true.
    func visit(below path: String = "", _ body: (String, Entry) -> Bool) {
        for entry in entries {
            let path = TreeReader.join(path, entry.name)
            if body(path, entry), let folder = entry.kind.folder { folder.visit(below: path, body) }
        }
    }

    /// Whether both have the same files and links by inode and times.
    func hasSameFiles(as other: InputFolder) -> Bool {
        self === other || stats.elementsEqual(other.stats) { $0.path.isSame(as: $1.path) && $0.stat == $1.stat }
    }

    private var stats: [(path: String, stat: FileStat)] {
        var stats: [(path: String, stat: FileStat)] = []
        visit { path, entry in
            if !entry.stat.isDirectory { stats.append((path, entry.stat)) }
            return true
        }
        return stats
    }

    /// Calls for each path that counts differently in the two, and for all below one that only one of them has.
    func compare(
        with old: InputFolder,
        below path: String,
        _ body: (_ path: String, _ new: Entry?, _ old: Entry?) -> Void
    ) {
        if self === old || digest == old.digest { return }
        var (left, right) = (entries[...], old.entries[...])
        while let name = Self.first(left.first?.name, right.first?.name) {
            let new = left.first?.name.isSame(as: name) == true ? left.popFirst() : nil
            let former = right.first?.name.isSame(as: name) == true ? right.popFirst() : nil
            let path = TreeReader.join(path, name)
            if !(new.map { new in former.map(new.counts) ?? false } ?? false) { body(path, new, former) }
            let inside = (new?.kind.folder ?? .empty, former?.kind.folder ?? .empty)
            inside.0.compare(with: inside.1, below: path, body)
        }
    }

    static func first(_ a: String?, _ b: String?) -> String? {
        guard let a, let b else { return a ?? b }
        return b.hasBytes(before: a) ? b : a
    }
}
