/// The files of a context, put where an engine finds them: the very bytes that the key names, and nothing else.

internal import Glibc
package import OCI

/// A file of the context on its way into the folder.
package struct ContextEntry: Sendable {
    package enum Kind: Sendable {
        case directory
        /// The bytes that the file had when it was hashed.
        case file(path: String, size: Int, digest: Digest)
        case symbolicLink(target: String)
    }
    /// Relative to the context, clean.
    package var path: String
    package var kind: Kind
    /// Permission bits.
    package var mode: UInt16
    /// Nanoseconds since 1970: what RUN does may depend on it (make).
    package var modified: Int64

    package init(path: String, kind: Kind, mode: UInt16, modified: Int64) {
        (self.path, self.kind, self.mode, self.modified) = (path, kind, mode, modified)
    }
}

package enum ContextProblem: Error, Sendable {
    /// The file is not any more what it was when it was hashed.
    case changed(String)
    case cancelled
    case storage(OCIError)
}

package struct ContextFolder {
    private let path: String
    private let isCancelled: () -> Bool

    /// The folder must not be there.
    package init(_ path: String, isCancelled: @escaping () -> Bool) {
        (self.path, self.isCancelled) = (path, isCancelled)
    }

    /// Removes a folder with all that is in it, also where the context has folders that nobody may write to.
    package static func remove(_ path: String) {
        guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
        _ = chmod(path, 0o700)
        if let folder = opendir(path) {
            defer { closedir(folder) }
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
        }
        _ = rmdir(path)
    }

    /// Folders must come before what is in them, or need not come at all.
    package func write(_ entries: [ContextEntry]) throws(ContextProblem) {
        try make(path)
        var folders: [ContextEntry] = []
        for entry in entries {
            guard !isCancelled() else { throw .cancelled }
            let target = path + "/" + entry.path
            switch entry.kind {
            case .directory:
                try make(target)
                folders.append(entry)
            case .symbolicLink(let link):
                try makeParent(of: target)
                guard symlink(link, target) == 0 else { throw Self.failure("make the link", target) }
                setTime(target, entry.modified)
            case .file(let source, let size, let digest):
                try makeParent(of: target)
                try copy(source, to: target, size: size, digest: digest, mode: entry.mode)
                setTime(target, entry.modified)
            }
        }
        // What is put into a folder changes its time, and a folder may be one that nobody may write to.
        for folder in folders.reversed() {
            chmod(path + "/" + folder.path, mode_t(folder.mode))
            setTime(path + "/" + folder.path, folder.modified)
        }
    }

    private static func failure(_ operation: String, _ path: String) -> ContextProblem {
        .storage(.fileSystem(operation: operation, path: path, code: errno))
    }

    private func make(_ folder: String) throws(ContextProblem) {
        if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw Self.failure("make the folder", folder) }
        try makeParent(of: folder)
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw Self.failure("make the folder", folder) }
    }

    private func makeParent(of target: String) throws(ContextProblem) {
        guard let slash = target.lastIndex(of: "/") else { return }
        let parent = String(target[..<slash])
        if access(parent, F_OK) != 0 { try make(parent) }
    }

    private func setTime(_ target: String, _ nanoseconds: Int64) {
        let time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        utimensat(AT_FDCWD, target, [time, time], AT_SYMLINK_NOFOLLOW)
    }

    private func copy(
        _ source: String,
        to target: String,
        size: Int,
        digest: Digest,
        mode: UInt16
    ) throws(ContextProblem) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .changed(source) }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.failure("create", target) }
        defer { close(output) }
        var hasher = SHA256Hasher()
        var length = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = read(input, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .changed(source) }
            if count == 0 { break }
            length += count
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            var done = 0
            while done < count {
                let written = buffer.withUnsafeBytes {
                    Glibc.write(output, $0.baseAddress.map { $0 + done }, count - done)
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw Self.failure("write", target) }
                done += written
            }
        }
        guard length == size, hasher.finalize() == digest else { throw .changed(source) }
        fchmod(output, mode_t(mode))
    }
}
