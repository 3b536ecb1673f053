/// What local archives hold that ADD unpacks; each is read once per content.

internal import Glibc
internal import OCI
internal import Synchronization

final class ArchiveIndex: Sendable {
    struct Member: Sendable {
        enum Kind: Sendable {
            case node(TreeNode)
            case hardLink(String)
        }
        /// Below the destination; "" is the destination itself.
        var path: String
        var kind: Kind
    }

    /// Listings of the archives that were asked for last; nil for a file that is none.
    private let known = Mutex<[Digest: [Member]?]>([:])
    private static let mostKnown = 32

    init() {}

    /// nil where the file is no archive.
    ///
    /// A file that is unpacked must lie in the context.
    func members(of content: FileContent) throws(BuildProblem) -> [Member]? {
        if let members = known.withLock({ $0[content.digest] }) { return Self.moved(members, to: content) }
        guard case .file(let path) = content.source else {
            throw .unsupported(
                "add-from-unsupported",
                "ADD of a file that is not in the context",
                remedy: "use COPY where nothing must be unpacked"
            )
        }
        let members: [Member]?
        do throws(OCIError) {
            members = try Self.list(path)
        } catch OCIError.compressedArchive {
            throw .unsupported(
                "add-compressed-unsupported",
                "ADD of the compressed file \(path)",
                remedy: "use COPY to copy it as it is, or a plain tar to have it unpacked"
            )
        } catch .malformed(_, let reason) {
            throw .brokenArchive(reason)
        } catch .fileSystem(_, _, let code) where code != ENOENT {
            throw .unreadable(path, String(cString: strerror(code)))
        } catch {
            throw .inputChanged(path)
        }
        // The listing counts for the content that the build was asked for, and for no other.
        guard Self.digest(ofFileAt: path) == content.digest else { throw .inputChanged(path) }
        known.withLock { known in
            if known.count >= Self.mostKnown { known.removeAll() }
            known[content.digest] = .some(members)
        }
        return members
    }

    /// The same bytes may lie at another path now.
    private static func moved(_ members: [Member]?, to content: FileContent) -> [Member]? {
        guard case .file(let place) = content.source else { return members }
        return members?.map { member in
            guard case .node(var node) = member.kind, let file = node.content,
                case .archive(let path, let offset) = file.source, path != place
            else { return member }
            node.kind = .file(file.moved(to: .archive(path: place, offset: offset)))
            return Member(path: member.path, kind: .node(node))
        }
    }

    private static func list(_ path: String) throws(OCIError) -> [Member]? {
        let source = try TarSource(path: path)
        guard try source.looksLikeTar() else { return nil }
        var members: [Member] = []
        for member in try source.members() {
            let entry = member.entry
            if case .hardLink(let target) = entry.kind {
                members.append(Member(path: entry.path, kind: .hardLink(target)))
                continue
            }
            let kind: TreeNode.Kind =
                switch entry.kind {
                case .directory: .directory
                case .symbolicLink(let target): .symbolicLink(target: target)
                case .file(let size):
                    .file(
                        FileContent(
                            size: size,
                            digest: try source.digest(of: member),
                            source: .archive(path: path, offset: member.offset)
                        )
                    )
                default: .special(entry.kind)
                }
            let mode = entry.kind.isLink ? 0o777 : entry.mode
            let node = TreeNode(kind, mode: mode, user: entry.user, group: entry.group)
            members.append(Member(path: entry.path, kind: .node(node)))
        }
        return members
    }

    private static func digest(ofFileAt path: String) -> Digest? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var hasher = SHA256Hasher()
        let buffer = RawBuffer(byteCount: 1 << 18)
        while true {
            let count = read(descriptor, buffer.bytes.baseAddress, buffer.bytes.count)
            if count == 0 { return hasher.finalize() }
            guard count > 0 else { return nil }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count)))
        }
    }
}

extension TarEntry.Kind {
    fileprivate var isLink: Bool {
        guard case .symbolicLink = self else { return false }
        return true
    }
}

extension TarSource {
    /// The digest of a member's content.
    func digest(of member: TarMember) throws(OCIError) -> Digest {
        var hasher = SHA256Hasher()
        let buffer = RawBuffer(byteCount: 1 << 16)
        var done = 0
        while done < member.entry.size {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes.prefix(member.entry.size - done))
            let count = try read(at: member.offset + done, into: part)
            guard count > 0 else { throw .contentEnded(path: member.entry.path) }
            hasher.update(UnsafeRawBufferPointer(rebasing: part.prefix(count)))
            done += count
        }
        return hasher.finalize()
    }
}

extension BuildProblem {
    static func brokenArchive(_ reason: String) -> BuildProblem {
        BuildProblem("add-archive-broken", "ADD: \(reason)", remedy: "make the archive again, or COPY it as it is")
    }
}
