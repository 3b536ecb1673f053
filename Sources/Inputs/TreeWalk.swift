/// Walks the parts of the project that a node may read, without reading a file.

internal import Glibc

/// One file, folder or link that the walk met; its path is relative to the project's root.
struct WalkedFile: Sendable {
    var path: String
    var stat: FileStat
}

/// A folder that could not be listed, or a file that could not be read.
package struct UnreadableInput: Error, Equatable, Sendable {
    /// Relative to the project's root.
    package var path: String
    /// As the system says it: `Permission denied`.
    package var reason: String

    init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }
    init(_ path: String, _ code: Int32) { self.init(path: path, reason: String(cString: strerror(code))) }
}

/// Links are found, and not followed; devices, pipes and sockets are no content, and not found.
struct TreeWalk {
    /// Absolute.
    let root: String
    let scope: InputScope
    /// Whether files are passed by, unseen: most of a tree is files.
    private var skipsFiles = false
    private var found: [WalkedFile] = []
    /// Folders on the way here that are read only where something below them is.
    private var pending: [WalkedFile] = []

    private init(root: String, scope: InputScope) { (self.root, self.scope) = (root, scope) }

    /// Everything that the scope reads, in the order of the paths' bytes; each path once.
    static func files(below root: String, in scope: InputScope) throws(UnreadableInput) -> [WalkedFile] {
        var walk = TreeWalk(root: root, scope: scope)
        for start in scope.roots { try walk.visit(start) }
        walk.found.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return walk.found
    }

    /// The links among what the scope reads, in the order of the file system.
    static func links(below root: String, in scope: InputScope) throws(UnreadableInput) -> [String] {
        var walk = TreeWalk(root: root, scope: scope)
        walk.skipsFiles = true
        for start in scope.roots { try walk.visit(start) }
        return walk.found.filter(\.stat.isLink).map(\.path)
    }

    private mutating func visit(_ path: String) throws(UnreadableInput) {
        if Self.isBehindLink(path, below: root) { return }
        let place = path.isEmpty ? root : root + "/" + path
        guard let stat = FileStat(of: place) else { return try refuse(path) }
        note(path, stat)
        guard stat.isDirectory, scope.mayRead(below: path) else { return }
        try list(open(place, FolderListing.flags), path)
    }

    /// Whether a link stands on the way: what it leads to is read under its own path.
    static func isBehindLink(_ path: String, below root: String) -> Bool {
        path.utf8.indices.contains { path.utf8[$0] == 0x2F && FileStat(of: root + "/" + path[..<$0])?.isLink == true }
    }

    /// Takes the descriptor over.
    private mutating func list(_ descriptor: Int32, _ path: String) throws(UnreadableInput) {
        guard var listing = FolderListing(descriptor) else { return try refuse(path) }
        while let entry = listing.next() {
            if skipsFiles, entry.isFile { continue }
            try meet(entry, path.isEmpty ? entry.name : path + "/" + entry.name, in: listing.descriptor)
        }
    }

    private mutating func meet(
        _ entry: FolderListing.Entry,
        _ path: String,
        in folder: Int32
    ) throws(UnreadableInput) {
        var raw = stat()
        guard entry.isText, fstatat(folder, entry.name, &raw, AT_SYMLINK_NOFOLLOW) == 0 else {
            let reason = errno
            guard scope.reads(path) || entry.isFolder && scope.mayRead(below: path) else { return }
            guard entry.isText else { throw UnreadableInput(path: path, reason: "its name is no UTF-8") }
            errno = reason
            return try refuse(path)
        }
        let stat = FileStat(raw)
        note(path, stat)
        guard stat.isDirectory, scope.mayRead(below: path) else { return }
        try list(openat(folder, entry.name, FolderListing.flags), path)
    }

    private mutating func note(_ path: String, _ stat: FileStat) {
        guard stat.isFile || stat.isDirectory || stat.isLink, !path.isEmpty else { return }
        guard scope.reads(path) else {
            if stat.isDirectory, scope.leadsBack(path) { pending.append(WalkedFile(path: path, stat: stat)) }
            return
        }
        found += pending.filter { InputScope.isBelow(path, $0.path) }
        pending.removeAll()
        found.append(WalkedFile(path: path, stat: stat))
    }

    /// What vanished meanwhile is not there; what can't be opened is an error.
    private func refuse(_ path: String) throws(UnreadableInput) {
        guard errno == ENOENT || errno == ENOTDIR || errno == ELOOP else { throw UnreadableInput(path, errno) }
    }
}
