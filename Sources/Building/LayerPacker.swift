/// Makes the blob of a layer, or finds the one that holds the same.

internal import OCI

struct LayerPacker {
    let layout: ImageLayout
    let cache: LayerCache
    let reader: ContentReader
    let encoding: LayerEncoding
    let isCancelled: @Sendable () -> Bool

    /// The layer of the entries, which are in their order.
    ///
    /// Where one with the same content is known, and its blob is whole, no file is read.
    func layer(of entries: [LayerEntry]) throws(BuildProblem) -> (record: LayerRecord, isNew: Bool) {
        let key = Self.key(of: entries, encoding)
        if let known = cache.lookup(key), layout.hasBlob(known.descriptor) { return (known, false) }
        let record = try pack(entries)
        cache.store(key, record)
        return (record, true)
    }

    private func pack(_ entries: [LayerEntry]) throws(BuildProblem) -> LayerRecord {
        var writer: LayerWriter
        do throws(OCIError) { writer = try LayerWriter(layout: layout, encoding: encoding) } catch {
            throw .storage(error)
        }
        for entry in entries {
            guard !isCancelled() else { throw .cancelled }
            try append(entry, to: &writer)
        }
        do throws(OCIError) { return try writer.finish() } catch { throw .storage(error) }
    }

    private func append(_ entry: LayerEntry, to writer: inout LayerWriter) throws(BuildProblem) {
        let header = TarEntry(entry)
        guard let content = entry.node.content, entry.linked == nil else {
            do throws(OCIError) { return try writer.append(header) } catch { throw .storage(error) }
        }
        let digest: Digest
        do {
            digest = try reader.read(content) { next in try writer.append(header, reading: next) }
        } catch {
            throw BuildProblem(reading: content, error)
        }
        // The key names these bytes: others must not get into the layer.
        guard digest != content.digest else { return }
        switch content.source {
        case .file(let path), .archive(let path, _): throw .inputChanged(path)
        case .bytes, .layer, .layerPart:
            throw .storage(
                .malformed(subject: layout.path, reason: "a layer there is not what it was when it was made")
            )
        }
    }

    /// Names what a layer holds, and in which encoding: equal keys mean equal tars, on any machine.
    static func key(of entries: [LayerEntry], _ encoding: LayerEncoding = .stored) -> Digest {
        var bytes = Array("imgwatch layer 1".utf8)
        if encoding != .stored { bytes += " \(encoding.rawValue)".utf8 }
        bytes.append(0)
        bytes.reserveCapacity(entries.count * 128)
        func add(_ text: String) {
            withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: text.utf8)
        }
        for entry in entries {
            add(entry.path.text)
            let numbers = [Int(entry.node.mode), entry.node.user, entry.node.group].map(
                UInt64.init(truncatingIfNeeded:)
            )
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
            if !entry.node.capability.isEmpty {
                add("capability")
                bytes.append(contentsOf: entry.node.capability)
            }
            switch (entry.linked, entry.node.kind) {
            case (let target?, _):
                add("hard link")
                add(target.text)
            case (nil, .directory): add("folder")
            case (nil, .symbolicLink(let target)):
                add("link")
                add(target)
            case (nil, .special(let kind)): add("\(kind)")
            case (nil, .file(let content)):
                add("file")
                withUnsafeBytes(of: UInt64(content.size).littleEndian) { bytes.append(contentsOf: $0) }
                bytes.append(contentsOf: content.digest.bytes)
            }
        }
        return Digest.sha256(of: bytes)
    }
}

extension TarEntry {
    init(_ entry: LayerEntry) {
        let kind: Kind =
            switch (entry.linked, entry.node.kind) {
            case (let target?, _): .hardLink(target: target.text)
            case (nil, .directory): .directory
            case (nil, .file(let content)): .file(size: content.size)
            case (nil, .symbolicLink(let target)): .symbolicLink(target: target)
            case (nil, .special(let kind)): kind
            }
        let node = entry.node
        self.init(
            path: entry.path.text,
            kind: kind,
            mode: node.mode,
            user: node.user,
            group: node.group,
            capability: entry.linked == nil ? node.capability : []
        )
    }
}
