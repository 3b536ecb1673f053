/// A file of a layout's folder that goes with its owner, and has a name of its own, whatever else has the same content.

package struct OwnedFile: ~Copyable, Sendable {
    private let file: TemporaryFile
    package let digest: Digest
    /// In bytes.
    package let size: Int

    init(_ file: consuming TemporaryFile, _ digest: Digest, size: Int) {
        (self.digest, self.size) = (digest, size)
        self.file = file
    }

    package var path: String { file.path }
}
