/// Who holds a lock of git: one that nobody holds was left behind, and waiting for its end has no end.

import Glibc

/// A process.
package struct GitLockHolder: Equatable, Sendable {
    package var process: Int32
    /// Its command line, arguments between spaces, 200 bytes at most.
    package var command: String
    /// Whether it has the lock open; else it is only a git that runs there.
    package var isSure: Bool
    package init(process: Int32, command: String, isSure: Bool = true) {
        (self.process, self.command, self.isSure) = (process, command, isSure)
    }

    package var isAlive: Bool { kill(process, 0) == 0 || errno == EPERM }
}

extension GitLockHolder {
    fileprivate var isCommit: Bool { subcommand == "commit" }
    /// Whether it serves an editor, and holds no lock: it is there as long as that is.
    fileprivate var isServant: Bool { ["cat-file", "fsmonitor--daemon", "check-attr"].contains(subcommand ?? "") }

    /// The first word that is neither an option nor one's value.
    private var subcommand: Substring? {
        var words = command.split(separator: " ").dropFirst()
        while let word = words.first, word.hasPrefix("-") {
            words = words.dropFirst(["-C", "-c", "--git-dir", "--work-tree"].contains(word) ? 2 : 1)
        }
        return words.first
    }
}

extension Repository {
    /// Who has the lock `name` of ``gitDirectory`` open, or else which git runs in the work tree.
    ///
    /// Git closes the file and keeps the lock while an editor is open for `git commit -a`. Other users' processes are
    /// seen by root only.
    ///
    /// - Returns: nil where there is no such lock, or nobody holds it.
    package func lockHolder(_ name: String) -> GitLockHolder? {
        let path = gitDirectory + "/" + name
        guard access(path, F_OK) == 0 else { return nil }
        let processes = Self.names(in: "/proc").compactMap { Int32($0) }.filter { $0 != getpid() }
        func holder(_ process: Int32, isSure: Bool) -> GitLockHolder {
            GitLockHolder(process: process, command: Self.command(of: process), isSure: isSure)
        }
        let owner = processes.first { process in
            let folder = "/proc/\(process)/fd"
            return Self.names(in: folder).contains { Self.target(folder + "/" + $0) == path }
        }
        if let owner { return holder(owner, isSure: true) }
        return processes.filter(isGitHere).map { holder($0, isSure: false) }.first { !$0.isServant }
    }

    /// Whether the holder may still change files of the work tree: it is no commit, which keeps its lock while a person
    /// writes the message.
    package func mayWrite(_ holder: GitLockHolder) -> Bool {
        holder.isSure && !holder.isCommit && !awaitsMessage
    }

    /// Whether the lock is older than the message of a commit: that is being written.
    package var awaitsMessage: Bool {
        guard let message = FileTime.written(gitDirectory + "/COMMIT_EDITMSG"),
            let lock = FileTime.written(gitDirectory + "/index.lock")
        else { return false }
        return message >= lock
    }

    private func isGitHere(_ process: Int32) -> Bool {
        guard let program = Self.target("/proc/\(process)/exe"), program.split(separator: "/").last == "git",
            let folder = Self.target("/proc/\(process)/cwd")
        else { return false }
        return [workDirectory, gitDirectory].contains { (folder + "/").hasPrefix($0 + "/") }
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    String(
                        cString: UnsafeRawPointer($0)
                            .assumingMemoryBound(to: CChar.self)
                    )
                }
            )
        }
        return names
    }

    private static func target(_ link: String) -> String? {
        let limit = Int(PATH_MAX)
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            count = buffer.baseAddress.map { max(0, readlink(link, $0, limit)) } ?? 0
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func command(of process: Int32) -> String {
        let descriptor = open("/proc/\(process)/cmdline", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 200) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, 200))
        }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }
}
