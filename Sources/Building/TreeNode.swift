/// What is at a path of an image: the attributes that reach a layer, and for a file where its bytes can be read.

package import OCI

package struct TreeNode: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case directory
        case file(FileContent)
        case symbolicLink(target: String)
        /// A device or a pipe, as a tar describes it.
        case special(TarEntry.Kind)
    }

    package var kind: Kind
    /// Permission bits with set-user, set-group and sticky.
    package var mode: UInt16
    package var user: Int
    package var group: Int
    /// As ``TarEntry/capability``.
    package var capability: [UInt8]

    package init(_ kind: Kind, mode: UInt16, user: Int = 0, group: Int = 0, capability: [UInt8] = []) {
        (self.kind, self.mode, self.user, self.group) = (kind, mode, user, group)
        self.capability = capability
    }

    /// What a tar says of it.
    init(_ kind: Kind, _ entry: TarEntry) {
        let mode = if case .symbolicLink = kind { UInt16(0o777) } else { entry.mode }
        self.init(kind, mode: mode, user: entry.user, group: entry.group, capability: entry.capability)
    }

    package var isDirectory: Bool { kind == .directory }

    package var linkTarget: String? {
        guard case .symbolicLink(let target) = kind else { return nil }
        return target
    }

    package var content: FileContent? {
        guard case .file(let content) = kind else { return nil }
        return content
    }
}

/// The bytes of a file, named by their digest.
///
/// Two contents are equal where the bytes are, wherever they lie. A class, since trees copy their nodes a lot.
package final class FileContent: Sendable, Equatable {
    package enum Source: Sendable {
        /// A file of the machine.
        case file(path: String)
        /// A here-document.
        case bytes([UInt8])
        /// A part of a file of the machine: a member of a local archive, from an offset of its tar on.
        case archive(path: String, offset: Int)
        /// A member of a layer in the layout, by its path there.
        case layer(Digest, member: TreePath)
        /// A part of a layer in the layout, from an offset of its tar on.
        case layerPart(Digest, offset: Int)
    }

    package let size: Int
    package let digest: Digest
    package let source: Source

    package init(size: Int, digest: Digest, source: Source) {
        (self.size, self.digest, self.source) = (size, digest, source)
    }

    /// The same bytes at another place.
    func moved(to source: Source) -> FileContent { FileContent(size: size, digest: digest, source: source) }

    package static func == (left: FileContent, right: FileContent) -> Bool {
        left === right || left.digest == right.digest && left.size == right.size
    }
}
