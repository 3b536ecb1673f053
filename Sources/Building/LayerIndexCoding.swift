/// The bytes in which a layer's index is kept: compact, with a version and a hash, so that what is damaged or of
/// another version is never taken for an index.

internal import OCI

extension LayerIndex {
    /// Changes whenever the same layer gives other bytes.
    private static let header = Array("imgwatch layer index 3\n".utf8)
    private static let hashLength = 32

    func encoded() -> [UInt8] {
        var writer = IndexWriter()
        writer.bytes += Self.header
        writer.bytes += layer.bytes
        writer.add(isExternal ? 1 : 0)
        writer.add(entries.count)
        for entry in entries {
            writer.add(path: entry.path)
            writer.add(entry.change)
        }
        return writer.bytes + Digest.sha256(of: writer.bytes).bytes
    }

    /// nil for anything but the index of that layer in this version's form.
    init?(decoding bytes: [UInt8], of layer: Digest) {
        let end = bytes.count - Self.hashLength
        guard end > Self.header.count + Self.hashLength, bytes.starts(with: Self.header),
            bytes[end...].elementsEqual(Digest.sha256(of: bytes[..<end]).bytes)
        else { return nil }
        let decoded = bytes.withUnsafeBytes { bytes -> LayerIndex? in
            var reader = IndexReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[Self.header.count..<end]))
            guard let layer = reader.digest(), let isExternal = reader.number(), let count = reader.number(),
                count <= bytes.count
            else { return nil }
            var entries: [Entry] = []
            entries.reserveCapacity(count)
            for _ in 0..<count {
                guard let path = reader.path(), let change = reader.change(of: layer) else { return nil }
                entries.append(Entry(path: path, change: change))
            }
            return LayerIndex(layer: layer, isExternal: isExternal == 1, entries: entries)
        }
        guard let decoded, decoded.layer == layer else { return nil }
        self = decoded
    }
}

private enum Mark {
    static let whiteout: UInt8 = 0
    static let opaqueFolder: UInt8 = 1
    static let impliedFolder: UInt8 = 2
    static let hardLink: UInt8 = 3
    static let folder: UInt8 = 4
    static let file: UInt8 = 5
    static let symbolicLink: UInt8 = 6
    static let characterDevice: UInt8 = 7
    static let blockDevice: UInt8 = 8
    static let fifo: UInt8 = 9
    static let keptFile: UInt8 = 10
}

private struct IndexWriter {
    var bytes: [UInt8] = []
    private var last: [UInt8] = []

    /// Seven bits a byte, the low ones first.
    mutating func add(_ number: Int) {
        var rest = UInt(bitPattern: number)
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add(_ content: [UInt8]) {
        add(content.count)
        bytes += content
    }

    /// How many bytes are as in the path before, and the others.
    mutating func add(path: TreePath) {
        let new = Array(path.text.utf8)
        let common = zip(last, new).prefix { $0 == $1 }.count
        add(common)
        add(new.count - common)
        bytes += new[common...]
        last = new
    }

    mutating func add(_ change: LayerIndex.Change) {
        switch change {
        case .whiteout: bytes.append(Mark.whiteout)
        case .opaqueFolder: bytes.append(Mark.opaqueFolder)
        case .impliedFolder: bytes.append(Mark.impliedFolder)
        case .hardLink(let target):
            bytes.append(Mark.hardLink)
            add(target.text)
        case .node(let node): add(node)
        }
    }

    private mutating func add(_ node: TreeNode) {
        switch node.kind {
        case .directory: bytes.append(Mark.folder)
        case .symbolicLink(let target):
            bytes.append(Mark.symbolicLink)
            add(target)
        case .file(let content): add(content)
        case .special(.characterDevice(let major, let minor)):
            bytes.append(Mark.characterDevice)
            add(major)
            add(minor)
        case .special(.blockDevice(let major, let minor)):
            bytes.append(Mark.blockDevice)
            add(major)
            add(minor)
        case .special: bytes.append(Mark.fifo)
        }
        add(Int(node.mode))
        add(node.user)
        add(node.group)
        add(node.capability)
    }

    private mutating func add(_ content: FileContent) {
        if case .bytes(let kept) = content.source {
            bytes.append(Mark.keptFile)
            add(kept)
        } else {
            bytes.append(Mark.file)
            add(content.size)
            bytes += content.digest.bytes
            if case .layerPart(_, let offset) = content.source { add(offset) } else { add(0) }
        }
    }
}

/// Every function gives nil where the bytes are not what it reads.
private struct IndexReader {
    private var bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var last: [UInt8] = []

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func number() -> Int? {
        var (value, shift): (UInt, UInt) = (0, 0)
        while offset < bytes.count, shift < 64 {
            let byte = bytes[offset]
            offset += 1
            value |= UInt(byte & 0x7f) << shift
            if byte < 0x80 { return Int(bitPattern: value) }
            shift += 7
        }
        return nil
    }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= bytes.count - offset else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func digest() -> Digest? { take(32).flatMap { Digest($0) } }

    private mutating func blob() -> [UInt8]? { number().flatMap { take($0) }.map(Array.init) }

    private mutating func text() -> String? { blob().map { String(decoding: $0, as: UTF8.self) } }

    mutating func path() -> TreePath? {
        guard let common = number(), (0...last.count).contains(common), let rest = number().flatMap({ take($0) })
        else { return nil }
        last.removeLast(last.count - common)
        last.append(contentsOf: rest)
        return TreePath(String(decoding: last, as: UTF8.self))
    }

    mutating func change(of layer: Digest) -> LayerIndex.Change? {
        guard let mark = take(1)?.first else { return nil }
        switch mark {
        case Mark.whiteout: return .whiteout
        case Mark.opaqueFolder: return .opaqueFolder
        case Mark.impliedFolder: return .impliedFolder
        case Mark.hardLink: return text().map { .hardLink(TreePath($0)) }
        default: break
        }
        guard let kind = kind(mark, of: layer), let mode = number().flatMap({ UInt16(exactly: $0) }),
            let user = number(), let group = number(), let capability = blob()
        else { return nil }
        return .node(TreeNode(kind, mode: mode, user: user, group: group, capability: capability))
    }

    private mutating func kind(_ mark: UInt8, of layer: Digest) -> TreeNode.Kind? {
        switch mark {
        case Mark.folder: return .directory
        case Mark.symbolicLink: return text().map { .symbolicLink(target: $0) }
        case Mark.file:
            guard let size = number(), let digest = digest(), let offset = number() else { return nil }
            return .file(FileContent(size: size, digest: digest, source: .layerPart(layer, offset: offset)))
        case Mark.keptFile:
            guard let kept = blob() else { return nil }
            return .file(FileContent(size: kept.count, digest: .sha256(of: kept), source: .bytes(kept)))
        case Mark.characterDevice, Mark.blockDevice:
            guard let major = number(), let minor = number() else { return nil }
            let isBlock = mark == Mark.blockDevice
            return .special(
                isBlock ? .blockDevice(major: major, minor: minor) : .characterDevice(major: major, minor: minor)
            )
        case Mark.fifo: return .special(.fifo)
        default: return nil
        }
    }
}
