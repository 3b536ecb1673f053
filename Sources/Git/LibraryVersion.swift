/// Which libgit2 answers: for who looks why git's answers are as they are.

extension Repository {
    /// Like `1.5.1`.
    package static var libraryVersion: String { Libgit2.version }
}
