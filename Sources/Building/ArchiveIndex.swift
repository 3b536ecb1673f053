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

    private let tars: OpenTars

    init(tars: OpenTars) { self.tars = tars }

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
            members = try list(path)
        } catch OCIError.compressedArchive {
            throw .unsupported(
                "add-compressed-unsupported",
                "ADD of a file in bzip2 or xz, \(path),",
                remedy: "use COPY to copy it as it is, or gzip or zstd to have it unpacked"
            )
        } catch .inflatesTooFar(_, let limit) {
            throw BuildProblem(
                "add-archive-too-large",
                "ADD: \(path) would take more than \(limit >> 20) MiB unpacked, the most for its size",
                remedy: "unpack it in a step, and COPY the files, if it is meant to be so"
            )
        } catch .malformed(_, let reason) {
            throw .brokenArchive(reason)
        } catch .fileSystem(let operation, let place, let code) where place != path {
            throw .storage(.fileSystem(operation: operation, path: place, code: code))
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

    private func list(_ path: String) throws(OCIError) -> [Member]? {
        // Whatever else is compressed is copied as it is, as big as it may be.
        guard try TarSource.looksLikeTar(path: path) else { return nil }
        let tar = try tars.open(path)
        var members: [Member] = []
        for member in try tar.source.members() {
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
                            digest: try tar.source.digest(of: member),
                            source: .archive(path: path, offset: member.offset)
                        )
                    )
                default: .special(entry.kind)
                }
            members.append(Member(path: entry.path, kind: .node(TreeNode(kind, entry))))
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
