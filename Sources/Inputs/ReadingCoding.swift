/// A reading as bytes, so that the next start stats every file and reads only those that changed.

internal import Git
internal import Glibc
internal import OCI

extension Reading {
    private static let magic = "imgwatch inputs 5"

    /// What ``decoded(_:of:)`` takes, with the scope that it is a reading of, and what the index found out since.
    package func encoded(of scope: InputScope, _ index: HashIndex) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(top.count * 160 + 1024)
        bytes.append(text: Self.magic)
        bytes.append(text: scope.fingerprint)
        top.append(to: &bytes, index)
        bytes.append(number: bytes.withUnsafeBytes { CRC32.value(of: $0) })
        return bytes
    }

    /// nil where the bytes are none of ``encoded(of:_:)``, or a disk damaged them; `isOfScope`: they are of the very
    /// scope.
    package static func decoded(
        _ bytes: UnsafeRawBufferPointer,
        of scope: InputScope
    ) -> (reading: Reading, isOfScope: Bool)? {
        let size = bytes.count - MemoryLayout<UInt32>.size
        guard size >= 0 else { return nil }
        // The bytes stay as they are until all is read.
        nonisolated(unsafe) let content = UnsafeRawBufferPointer(rebasing: bytes[..<size])
        let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: size, as: UInt32.self))
        var source = ByteSource(rest: content[...])
        guard source.text() == magic, let fingerprint = source.text() else { return nil }
        // As the bytes do.
        nonisolated(unsafe) let folders = source
        let parts = SideBySide.map(2) { part -> InputFolder? in
            var source = folders
            if part == 0 { return CRC32.value(of: content) == checksum ? .empty : nil }
            return InputFolder(from: &source).flatMap { source.rest.isEmpty ? $0 : nil }
        }
        guard parts[0] != nil, let top = parts[1] else { return nil }
        return (Reading(top: top), fingerprint == scope.fingerprint)
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
                digest?.append(to: &bytes)
            case .link(let target):
                bytes.append(Form.link)
                bytes.append(text: target)
            case .folder(let folder, let isInput, let isProven):
                bytes.append(Form.folder + (isInput ? Form.inputs : 0) + (isProven ? Form.proven : 0))
                // Whoever knows how long it is can read what comes after it meanwhile.
                let start = bytes.count
                bytes.append(number: UInt64(0))
                folder.append(to: &bytes, index)
                bytes.set(number: UInt64(bytes.count - start - 8), at: start)
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
        var folders: [Inner] = []
        // A damaged count must not ask for all of the memory.
        entries.reserveCapacity(min(Int(count), source.rest.count / 64))
        for _ in 0..<count {
            guard let name = source.text(), let stat = FileStat(from: &source), let form = source.byte() else {
                return nil
            }
            if form >= Form.folder {
                guard form <= Form.folder + Form.inputs + Form.proven, let length = source.number(as: UInt64.self),
                    let bytes = source.take(Int(clamping: length))
                else { return nil }
                folders.append(Inner(index: entries.count, flags: form - Form.folder, bytes: bytes))
                entries.append(Entry(name: name, stat: stat, kind: .folder(.empty, isInput: false, isProven: false)))
            } else {
                guard let kind = Self.kind(form, from: &source) else { return nil }
                entries.append(Entry(name: name, stat: stat, kind: kind))
            }
        }
        guard let read = Self.read(folders) else { return nil }
        for (folder, inner) in zip(read, folders) { entries[inner.index].kind = inner.kind(folder) }
        self.init(entries, summary)
    }

    /// A folder that is still to be read.
    private struct Inner: @unchecked Sendable {  // the bytes stay as they are until all is read
        var index: Int
        var flags: UInt8
        var bytes: UnsafeRawBufferPointer

        /// Empty ones are one.
        var folder: InputFolder? {
            var source = ByteSource(rest: bytes[...])
            guard let folder = InputFolder(from: &source), source.rest.isEmpty else { return nil }
            return folder.entries.isEmpty ? .empty : folder
        }

        func kind(_ folder: InputFolder) -> Entry.Kind {
            .folder(folder, isInput: flags & Form.inputs != 0, isProven: flags & Form.proven != 0)
        }
    }

    /// Bytes that are worth a thread.
    private static let portion = 1 << 18

    /// In the order of the folders; nil where one is damaged.
    private static func read(_ folders: [Inner]) -> [InputFolder]? {
        let size = folders.reduce(0) { $0 + $1.bytes.count }
        let portions = max(1, min(folders.count, size / portion))
        let read = SideBySide.map(portions) { portion in
            folders[portion * folders.count / portions..<(portion + 1) * folders.count / portions].compactMap(\.folder)
        }.flatMap(\.self)
        return read.count == folders.count ? read : nil
    }

    private static func kind(_ form: UInt8, from source: inout ByteSource) -> Entry.Kind? {
        guard form <= Form.unprovenFile else { return source.text().map { .link(target: $0) } }
        guard let id = source.take(BlobID.byteCount).flatMap(BlobID.init), let hasDigest = source.byte() else {
            return nil
        }
        var digest: Digest?
        if hasDigest != 0 {
            guard let bytes = source.take(32), let known = Digest(bytes) else { return nil }
            digest = known
        }
        return .file(ContentHash(blobID: id, digest: digest), isProven: form == Form.file)
    }
}

extension InputFolder.Summary {
    fileprivate func append(to bytes: inout [UInt8]) {
        digest.append(to: &bytes)
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
        guard let bytes = source.take(5 * 8 + 4 * 4) else { return nil }
        func number<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        self.init(
            device: number(at: 0, as: UInt64.self),
            inode: number(at: 8, as: UInt64.self),
            size: number(at: 16, as: Int64.self),
            modified: number(at: 24, as: Int64.self),
            changed: number(at: 32, as: Int64.self),
            mode: number(at: 40, as: UInt32.self),
            links: number(at: 44, as: UInt32.self),
            user: number(at: 48, as: UInt32.self),
            group: number(at: 52, as: UInt32.self)
        )
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func set(number: some FixedWidthInteger, at index: Int) {
        Swift.withUnsafeBytes(of: number.littleEndian) { replaceSubrange(index..<index + $0.count, with: $0) }
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
        guard let bytes = number(as: UInt32.self).flatMap({ take(Int($0)) }) else { return nil }
        // Most names are ASCII, which costs a fifth.
        if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
        return String(validating: bytes, as: UTF8.self)
    }
}
