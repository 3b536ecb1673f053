/// Layers and archives that were read last, kept open: a compressed one is unpacked once, and not at each reading.

internal import Glibc
internal import OCI
internal import Synchronization

/// One that is open, whatever becomes of its file.
final class OpenTar: Sendable {
    let source: TarSource
    private let listing = Mutex<[TreePath: TarMember]?>(nil)

    fileprivate init(path: String, scratch: String) throws(OCIError) {
        source = try TarSource(path: path, scratch: scratch)
    }

    /// The member at a path, the last one of several.
    func member(_ path: TreePath) throws(OCIError) -> TarMember? {
        try listing.withLock { (listing) throws(OCIError) -> TarMember? in
            if let listing { return listing[path] }
            let pairs = try source.members().map { (TreePath($0.entry.path), $0) }
            let members = Dictionary(pairs) { _, last in last }
            listing = members
            return members[path]
        }
    }
}

/// Shared by all builds of an assembler.
final class OpenTars: Sendable {
    private struct Known {
        var file: FileIdentity
        var tar: OpenTar
    }

    private let scratch: String
    /// By path; what was used last comes last.
    private let known = Mutex<[(path: String, known: Known)]>([])

    /// So many stay unpacked, with so many bytes in all, when no build uses them.
    static let mostKept = 8
    static let mostBytes = 1 << 30

    /// Unpacked copies lie in the folder, without a name.
    init(scratch: String) { self.scratch = scratch }

    func open(_ path: String) throws(OCIError) -> OpenTar {
        let file = FileIdentity(path)
        if let file, let tar = kept(path, file) { return tar }
        let tar = try OpenTar(path: path, scratch: scratch)
        // The others cost next to nothing to open.
        if let file, tar.source.isUnpacked, FileIdentity(path) == file { keep(Known(file: file, tar: tar), path) }
        return tar
    }

    private func kept(_ path: String, _ file: FileIdentity) -> OpenTar? {
        known.withLock { known in
            guard let index = known.firstIndex(where: { $0.path == path }) else { return nil }
            let found = known.remove(at: index)
            guard found.known.file == file else { return nil }
            known.append(found)
            return found.known.tar
        }
    }

    private func keep(_ tar: Known, _ path: String) {
        known.withLock { known in
            known.removeAll { $0.path == path }
            known.append((path, tar))
            while known.count > Self.mostKept || known.reduce(0, { $0 + $1.known.tar.source.length }) > Self.mostBytes {
                known.removeFirst()
            }
        }
    }
}

/// What tells one version of a file from another.
private struct FileIdentity: Equatable {
    var device: UInt
    var inode: UInt
    var size: Int
    var times: [Int]

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, inode, size) = (UInt(status.st_dev), UInt(status.st_ino), Int(status.st_size))
        times = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
