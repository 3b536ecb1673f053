/// A node's inputs as a tree of folders, so that one edit makes a handful of them anew and hashes nothing else.

internal import Dockerfile
internal import Git
internal import OCI

/// Immutable: a reading shares with the one before it every folder in which nothing changed.
final class InputFolder: Sendable {
    /// One name in a folder.
    struct Entry: Sendable {
        enum Kind: Sendable {
            /// `isProven`: whoever wrote it later would have left other times.
            case file(ContentHash, isProven: Bool)
            case link(target: String)
            /// `isInput`: the folder counts, and not only what is in it.
            case folder(InputFolder, isInput: Bool)
        }
        var name: String
        var stat: FileStat
        var kind: Kind
    }

    /// In the order of the names' bytes.
    let entries: [Entry]
    /// Of all that counts in it: names, kinds, permissions and content; never a time, an owner or an inode.
    let digest: Digest
    /// The id of the tree that git would make of it, were all of it committed.
    let gitTree: BlobID?
    /// Files, links and folders that are inputs, at any depth.
    let count: Int
    /// Whether there is a file or a link in it, at any depth.
    let hasFiles: Bool
    /// The latest time at which a file in it changed, in nanoseconds since the epoch.
    let newest: Int64
    /// Whether a file in it has another name as well, which may lie elsewhere.
    let hasHardLinks: Bool

    static let empty = InputFolder([], countsFolders: true)

    /// - Parameter countsFolders: Whether folders that are inputs count with their permissions, and when they are empty.
    init(_ entries: [Entry], countsFolders: Bool) {
        var (count, newest, hasHardLinks, hasFiles) = (0, Int64.min, false, false)
        var form: [UInt8] = []
        form.reserveCapacity(entries.count * 48)
        for entry in entries {
            switch entry.kind {
            case .file:
                count += 1
                hasFiles = true
                newest = max(newest, entry.stat.modified, entry.stat.changed)
                hasHardLinks = hasHardLinks || entry.stat.links > 1
            case .link:
                count += 1
                hasFiles = true
            case .folder(let folder, let isInput):
                count += folder.count + (isInput ? 1 : 0)
                newest = max(newest, folder.newest)
                hasFiles = hasFiles || folder.hasFiles
                hasHardLinks = hasHardLinks || folder.hasHardLinks
            }
            entry.append(to: &form, countsFolders: countsFolders)
        }
        (self.entries, self.count, self.newest) = (entries, count, newest)
        (self.hasFiles, self.hasHardLinks) = (hasFiles, hasHardLinks)
        gitTree = BlobID(ContentHasher.gitID(of: "tree", Self.gitForm(of: entries)))
        digest = form.isEmpty ? Self.nothing : form.withUnsafeBytes { Digest.sha256(of: $0) }
    }

    /// Of a folder in which nothing counts.
    private static let nothing = Digest.sha256(of: [])
    fileprivate var isNothing: Bool { digest == Self.nothing }

    /// As git writes a tree: without empty folders, and folders in the order of their names with a slash.
    private static func gitForm(of entries: [Entry]) -> [UInt8] {
        var items: [(name: [UInt8], mode: String, id: [UInt8])] = []
        for entry in entries {
            switch entry.kind {
            case .file(let hash, _):
                items.append((Array(entry.name.utf8), entry.stat.isExecutable ? "100755" : "100644", hash.blobID.bytes))
            case .link(let target):
                items.append((Array(entry.name.utf8), "120000", ContentHasher.gitID(of: "blob", Array(target.utf8))))
            case .folder(let folder, _):
                guard folder.hasFiles, let tree = folder.gitTree else { continue }
                items.append((Array(entry.name.utf8) + [0x2F], "40000", tree.bytes))
            }
        }
        items.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var form: [UInt8] = []
        for item in items {
            form += item.mode.utf8
            form.append(0x20)
            form += item.name.last == 0x2F ? item.name.dropLast() : item.name
            form.append(0)
            form += item.id
        }
        return form
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
            form.append(contentsOf: "\(target.utf8.count):".utf8)
            form.append(contentsOf: target.utf8)
        case .folder(let folder, let isInput):
            guard countsFolders && isInput || !folder.isNothing else { return }
            appendHead(countsFolders && isInput ? "d" : "p", to: &form, permissions: countsFolders && isInput ? nil : 0)
            form.append(contentsOf: folder.digest.bytes)
        }
    }

    private func appendHead(_ kind: Unicode.Scalar, to form: inout [UInt8], permissions: UInt16? = nil) {
        form.append(UInt8(ascii: kind))
        form.append(contentsOf: "\(permissions ?? stat.permissions):\(name.utf8.count):".utf8)
        form.append(contentsOf: name.utf8)
    }

    /// Whether both count the same, what is in them aside.
    fileprivate func counts(as other: InputFolder.Entry) -> Bool {
        switch (kind, other.kind) {
        case (.file(let a, _), .file(let b, _)): a == b && stat.permissions == other.stat.permissions
        case (.link(let a), .link(let b)): a.isSame(as: b)
        case (.folder(_, let isInput), .folder(_, let isOther)):
            isInput == isOther && (!isInput || stat.permissions == other.stat.permissions)
        default: false
        }
    }
}

extension String {
    /// The order of bytes, which is not that of characters.
    func hasBytes(before other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension InputFolder.Entry.Kind {
    /// What a reading shows of it; nil for a folder that is no input itself.
    var shown: InputFile.Kind? {
        switch self {
        case .file(let hash, _): .file(hash)
        case .link(let target): .link(target: target)
        case .folder(_, let isInput): isInput ? .directory : nil
        }
    }

    var folder: InputFolder? { if case .folder(let folder, _) = self { folder } else { nil } }
}

extension InputFolder {
    /// Calls for each entry, with its path; what is in a folder comes after it, where the call returns true.
    func visit(below path: String = "", _ body: (String, Entry) -> Bool) {
        for entry in entries {
            let path = TreeReader.join(path, entry.name)
            if body(path, entry), case .folder(let folder, _) = entry.kind { folder.visit(below: path, body) }
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

    private static func first(_ a: String?, _ b: String?) -> String? {
        guard let a, let b else { return a ?? b }
        return b.hasBytes(before: a) ? b : a
    }
}
