/// The tags of a layout: its `index.json`, held encoded so that a publication with thousands of tags beside it costs
/// a copy of bytes.

struct LayoutIndex {
    private struct Entry {
        var name: String?
        /// nil for what another program put there and we only keep: an entry with a digest of another algorithm.
        var descriptor: Descriptor?
        var encoded: [UInt8]
    }

    private var entries: [Entry] = []
    private var positions: [String: Int] = [:]
    /// Other programs' keys beside `manifests`.
    private var extras: [JSON.Member] = []

    static let referenceName = "org.opencontainers.image.ref.name"

    init() {}

    init(decoding bytes: [UInt8], path: String) throws(OCIError) {
        let json = try JSON(parsing: bytes, subject: path)
        guard let manifests = json["manifests"]?.array else {
            throw .malformed(subject: path, reason: "not the index of an OCI image layout: it has no manifests")
        }
        let own = ["schemaVersion", "mediaType", "manifests"]
        extras = (json.members ?? []).filter { !own.contains($0.key) }
        for manifest in manifests {
            let name = manifest["annotations"]?[Self.referenceName]?.text
            if let name { positions[name] = entries.count }
            entries.append(Entry(name: name, descriptor: Descriptor(manifest), encoded: manifest.encoded()))
        }
    }

    /// In the order of the file.
    var names: [String] { entries.compactMap(\.name) }

    /// As it was tagged, without the annotation that holds the name.
    subscript(name: String) -> Descriptor? {
        guard var descriptor = positions[name].flatMap({ entries[$0].descriptor }) else { return nil }
        descriptor.annotations[Self.referenceName] = nil
        return descriptor
    }

    /// Gives the name to the descriptor, and takes it from the one that had it.
    mutating func set(_ name: String, to descriptor: Descriptor) {
        var named = descriptor
        named.annotations[Self.referenceName] = name
        let entry = Entry(name: name, descriptor: named, encoded: named.json.encoded())
        if let position = positions[name] {
            entries[position] = entry
        } else {
            positions[name] = entries.count
            entries.append(entry)
        }
    }

    mutating func remove(_ names: Set<String>) {
        entries.removeAll { $0.name.map(names.contains) ?? false }
        positions = [:]
        for (position, entry) in entries.enumerated() { entry.name.map { positions[$0] = position } }
    }

    func encoded() -> [UInt8] {
        var output = Array(
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#.utf8
        )
        output.reserveCapacity(output.count + entries.reduce(64) { $0 + $1.encoded.count + 2 })
        for (position, entry) in entries.enumerated() {
            if position > 0 { output += ",".utf8 }
            output += "\n".utf8
            output += entry.encoded
        }
        output += "]".utf8
        for extra in extras {
            output += ",".utf8
            JSON.write(extra.key, to: &output)
            output += ":".utf8
            output += extra.value.encoded()
        }
        output += "}\n".utf8
        return output
    }
}
