/// Walks the parts of the project that a node may read, without reading a file.

internal import Glibc

/// One thing that the walk met; its path is relative to the project's root.
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
    init(_ path: String, _ code: Int32) { (self.path, self.reason) = (path, String(cString: strerror(code))) }
}

struct TreeWalk {
    /// Absolute.
    let root: String
    let scope: InputScope
    private(set) var found: [WalkedFile] = []

    init(root: String, scope: InputScope) { (self.root, self.scope) = (root, scope) }

    /// Everything that the scope reads, in the order of the paths' bytes; each path once.
    static func files(below root: String, in scope: InputScope) throws(UnreadableInput) -> [WalkedFile] {
        var walk = TreeWalk(root: root, scope: scope)
        for start in scope.roots { try walk.visit(start) }
        walk.found.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return walk.found
    }

    private mutating func visit(_ path: String) throws(UnreadableInput) {
        guard let stat = FileStat(of: path.isEmpty ? root : root + "/" + path) else { return }
        if scope.reads(path), !path.isEmpty { found.append(WalkedFile(path: path, stat: stat)) }
        guard stat.isDirectory, scope.mayRead(below: path) else { return }
        let descriptor = open(path.isEmpty ? root : root + "/" + path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        try list(descriptor, path)
    }

    /// Takes the descriptor over.
    private mutating func list(_ descriptor: Int32, _ path: String) throws(UnreadableInput) {
        guard descriptor >= 0 else { return try refuse(path) }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return try refuse(path)
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            try meet(path.isEmpty ? name : path + "/" + name, name, in: descriptor)
        }
    }

    private mutating func meet(_ path: String, _ name: String, in folder: Int32) throws(UnreadableInput) {
        var raw = stat()
        guard fstatat(folder, name, &raw, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        let stat = FileStat(raw)
        if scope.reads(path) { found.append(WalkedFile(path: path, stat: stat)) }
        guard stat.isDirectory, scope.mayRead(below: path) else { return }
        try list(openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path)
    }

    /// What vanished meanwhile is not there; what can't be opened is an error.
    private func refuse(_ path: String) throws(UnreadableInput) {
        guard errno == ENOENT || errno == ENOTDIR || errno == ELOOP else { throw UnreadableInput(path, errno) }
    }
}
