/// A reading as bytes, so that the next start stats every file and reads only those that changed.

internal import Git
internal import Glibc
internal import OCI

extension Reading {
    private static let magic = "imgwatch inputs 2"

    /// What ``decoded(_:of:)`` takes, with the scope that it is a reading of, and what the index found out since.
    package func encoded(of scope: InputScope, _ index: HashIndex) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(top.count * 160 + 1024)
        bytes.append(text: Self.magic)
        bytes.append(text: scope.fingerprint)
        top.append(to: &bytes, index)
        return bytes
    }

    /// nil where the bytes are none of ``encoded(of:_:)``; `isOfScope`: they are of the very scope.
    package static func decoded(_ bytes: [UInt8], of scope: InputScope) -> (reading: Reading, isOfScope: Bool)? {
        bytes.withUnsafeBytes { buffer in
            var source = ByteSource(rest: buffer[...])
            guard source.text() == magic, let fingerprint = source.text(),
                let top = InputFolder(from: &source), source.rest.isEmpty
            else { return nil }
            return (Reading(top: top), fingerprint == scope.fingerprint)
        }
    }
}

extension InputFolder {
    fileprivate func append(to bytes: inout [UInt8], _ index: HashIndex) {
        bytes.append(number: UInt32(entries.count))
        guard !entries.isEmpty else { return }
        summary.append(to: &bytes)
        for entry in entries {
            bytes.append(text: entry.name)
            entry.stat.append(to: &bytes)
            switch entry.kind {
            case .file(let hash, let isProven):
                bytes.append(isProven ? Form.file : Form.unprovenFile)
                hash.blobID.append(to: &bytes)
                let digest = hash.digest ?? index.digest(of: hash.blobID)
                bytes.append(digest == nil ? 0 : 1)
                if let digest { bytes += digest.bytes }
            case .link(let target):
                bytes.append(Form.link)
                bytes.append(text: target)
            case .folder(let folder, let isInput, let isProven):
                bytes.append(Form.folder + (isInput ? Form.inputs : 0) + (isProven ? Form.proven : 0))
                folder.append(to: &bytes, index)
            case .unread: preconditionFailure("a reading has all its files read")
            }
        }
    }

    private enum Form {
        static let file: UInt8 = 0
        static let unprovenFile: UInt8 = 1
        static let link: UInt8 = 2
        /// And one of each of these, where it is so.
        static let folder: UInt8 = 3
        static let inputs: UInt8 = 1
        static let proven: UInt8 = 2
    }

    fileprivate convenience init?(from source: inout ByteSource) {
        guard let count = source.number(as: UInt32.self) else { return nil }
        if count == 0 {
            self.init([], InputFolder.empty.summary)
            return
        }
        guard let summary = Summary(from: &source) else { return nil }
        var entries: [Entry] = []
        // A damaged count must not ask for all of the memory.
        entries.reserveCapacity(min(Int(count), source.rest.count / 64))
        for _ in 0..<count {
            guard let name = source.text(), let stat = FileStat(from: &source), let kind = Self.kind(from: &source)
            else { return nil }
            entries.append(Entry(name: name, stat: stat, kind: kind))
        }
        self.init(entries, summary)
    }

    /// Empty ones are one.
    private static func read(from source: inout ByteSource) -> InputFolder? {
        guard let folder = InputFolder(from: &source) else { return nil }
        return folder.entries.isEmpty ? .empty : folder
    }

    private static func kind(from source: inout ByteSource) -> Entry.Kind? {
        switch source.byte() {
        case let form? where form <= Form.unprovenFile:
            guard let id = source.take(BlobID.byteCount).flatMap(BlobID.init), let hasDigest = source.byte() else {
                return nil
            }
            var digest: Digest?
            if hasDigest != 0 {
                guard let bytes = source.take(32), let known = Digest(bytes) else { return nil }
                digest = known
            }
            return .file(ContentHash(blobID: id, digest: digest), isProven: form == Form.file)
        case Form.link: return source.text().map { .link(target: $0) }
        case let form? where form <= Form.folder + Form.inputs + Form.proven:
            let flags = form - Form.folder
            let (isInput, isProven) = (flags & Form.inputs != 0, flags & Form.proven != 0)
            return read(from: &source).map { .folder($0, isInput: isInput, isProven: isProven) }
        default: return nil
        }
    }
}

extension InputFolder.Summary {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes += digest.bytes
        gitTree.append(to: &bytes)
        bytes.append(number: UInt64(count))
        bytes.append(number: newest)
        bytes.append(hasFiles ? 1 : 0)
        bytes.append(hasHardLinks ? 1 : 0)
    }

    fileprivate init?(from source: inout ByteSource) {
        guard let digest = source.take(32).flatMap(Digest.init),
            let gitTree = source.take(BlobID.byteCount).flatMap(BlobID.init),
            let count = source.number(as: UInt64.self), let newest = source.number(as: Int64.self),
            let hasFiles = source.byte(), let hasHardLinks = source.byte()
        else { return nil }
        self.init(
            digest: digest,
            gitTree: gitTree,
            count: Int(clamping: count),
            hasFiles: hasFiles != 0,
            newest: newest,
            hasHardLinks: hasHardLinks != 0
        )
    }
}

extension FileStat {
    fileprivate func append(to bytes: inout [UInt8]) {
        for number in [device, inode, UInt64(bitPattern: size), UInt64(bitPattern: modified)] {
            bytes.append(number: number)
        }
        bytes.append(number: UInt64(bitPattern: changed))
        for number in [mode, links, user, group] { bytes.append(number: number) }
    }

    fileprivate init?(from source: inout ByteSource) {
        guard let device = source.number(as: UInt64.self), let inode = source.number(as: UInt64.self),
            let size = source.number(as: Int64.self), let modified = source.number(as: Int64.self),
            let changed = source.number(as: Int64.self), let mode = source.number(as: UInt32.self),
            let links = source.number(as: UInt32.self), let user = source.number(as: UInt32.self),
            let group = source.number(as: UInt32.self)
        else { return nil }
        self.init(
            device: device,
            inode: inode,
            size: size,
            modified: modified,
            changed: changed,
            mode: mode,
            links: links,
            user: user,
            group: group
        )
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(text: String) {
        append(number: UInt32(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// Takes from the front; nil at the end.
private struct ByteSource {
    var rest: Slice<UnsafeRawBufferPointer>

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }

    mutating func byte() -> UInt8? { take(1)?[0] }

    mutating func number<Number: FixedWidthInteger>(as type: Number.Type) -> Number? {
        take(MemoryLayout<Number>.size).map { Number(littleEndian: $0.loadUnaligned(as: type)) }
    }

    mutating func text() -> String? {
        number(as: UInt32.self).flatMap { take(Int($0)) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
}
