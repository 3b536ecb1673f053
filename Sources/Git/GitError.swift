/// Why git could not answer, in words for the user.

import CLibgit2

package struct GitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and where.
    package var reason: String
    /// What the user can do about it.
    package var remedy: String
    /// Shallow and partial clones lack objects: no error where a search may give up.
    var isMissingObject = false

    package var description: String { "\(reason); \(remedy)" }

    /// Throws what libgit2 says of a negative `code`.
    ///
    /// To be called right after the call that gave it: libgit2 keeps one message per thread.
    static func check(
        _ code: Int32,
        _ action: @autoclosure () -> String,
        remedy: String = "`git fsck` says whether the repository is whole"
    ) throws(GitError) {
        guard code < 0 else { return }
        throw GitError(
            reason: "\(action()): \(lastMessage)",
            remedy: remedy,
            isMissingObject: code == GIT_ENOTFOUND.rawValue
        )
    }

    /// What libgit2 said last on this thread.
    static var lastMessage: String {
        guard let message = git_error_last()?.pointee.message else { return "libgit2 gives no reason" }
        return String(cString: message)
    }
}

extension GitError {
    /// Why the repository around `directory` can't be opened, from what libgit2 returned and said.
    static func opening(_ directory: String, code: Int32) -> GitError {
        let message = lastMessage
        // libgit2 1.5 answers "config value 'safe.directory' was not found" where it means GIT_EOWNER (libgit2#6279).
        if code == GIT_EOWNER.rawValue || message.contains("safe.directory") {
            return GitError(
                reason: "the git repository \(directory) belongs to another user, and safe.directory does not name it",
                remedy: "trust it with `git config --global --add safe.directory \(shellWord(directory))`"
            )
        }
        return GitError(
            reason: "libgit2 \(Libgit2.version) can't open the git repository \(directory): \(message)",
            remedy: "`git -C \(shellWord(directory)) status` says whether git itself can"
        )
    }

    /// The repository of a work tree has names that libgit2 can't read.
    static func unreadableNames(_ workTree: String) -> GitError {
        GitError(
            reason: "the git repository \(workTree) names its objects by SHA-256, which libgit2 \(Libgit2.version) "
                + "can't read",
            remedy: "there is none but a repository with SHA-1 names"
        )
    }

    /// The text as one word for a shell.
    private static func shellWord(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B...0x2F, 0x5F, 0x3A, 0x40: true
            default: byte >= 0x80
            }
        }
        if plain { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
