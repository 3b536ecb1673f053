/// Takes an engine's image over into the layout: from `docker save`'s tar, or from a tar of an OCI layout.

package import OCI

package struct ImageImport {
    private let layout: ImageLayout
    private let encoding: LayerEncoding
    /// A layer that is there already, by the hash of its tar.
    private let known: (Digest) -> LayerRecord?

    /// `encoding` is for the layers that come as plain tars; what is compressed stays as it is.
    package init(into layout: ImageLayout, encoding: LayerEncoding, known: @escaping (Digest) -> LayerRecord?) {
        (self.layout, self.encoding, self.known) = (layout, encoding, known)
    }

    /// - Returns: The manifest, which has these annotations, and the layers, each with the hash of its tar.
    package func take(
        archive: String,
        platform: String,
        annotations: [String: String] = [:]
    ) throws(OCIError) -> (manifest: Descriptor, layers: [LayerRecord]) {
        let files = try EngineFiles(archive)
        let parts = try files.has("index.json") ? files.ociImage(platform) : files.dockerImage()
        let configuration = try ImageConfiguration(decoding: parts.configuration)
        guard configuration.diffIDs.count == parts.layers.count else {
            throw .malformed(subject: files.subject, reason: "it has other layers than its configuration names")
        }
        var layers: [LayerRecord] = []
        for (layer, diffID) in zip(parts.layers, configuration.diffIDs) {
            layers.append(try take(layer, diffID, files))
        }
        let manifest = Manifest(
            configuration: try layout.writeBlob(parts.configuration, mediaType: MediaType.configuration),
            layers: layers.map(\.descriptor),
            annotations: annotations
        )
        return (try layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest), layers)
    }

    private func take(
        _ layer: EngineFiles.Layer,
        _ diffID: Digest,
        _ files: EngineFiles
    ) throws(OCIError) -> LayerRecord {
        if let known = known(diffID), layout.hasBlob(known.descriptor) { return known }
        if let blob = layer.descriptor, let type = MediaType.ociLayer(blob.mediaType), type != MediaType.plainLayer {
            try layout.adopt(blob, from: layer.part)
            return LayerRecord(diffID: diffID, digest: blob.digest, size: blob.size, mediaType: type)
        }
        let record = try layout.addLayer(tar: layer.part, encoding: encoding)
        guard record.diffID == diffID else {
            throw .malformed(subject: files.subject, reason: "a layer is not what the configuration says")
        }
        return record
    }
}

/// The files of an image in a tar.
private struct EngineFiles {
    struct Layer {
        var part: FilePart
        /// Where it came with one.
        var descriptor: Descriptor?
    }

    struct Parts {
        var configuration: [UInt8]
        var layers: [Layer]
    }

    /// For errors.
    let subject: String
    private var members: [String: FilePart] = [:]
    /// Links between members, as old daemons write them for a layer that comes twice.
    private var links: [String: String] = [:]

    init(_ path: String) throws(OCIError) {
        subject = "the image in \(path)"
        for member in try TarSource(path: path).members() {
            switch member.entry.kind {
            case .file(let size):
                members[member.entry.path] = FilePart(path: path, offset: member.offset, size: size)
            case .symbolicLink(let target): links[member.entry.path] = Self.resolve(target, from: member.entry.path)
            default: continue
            }
        }
    }

    private static func resolve(_ target: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast()
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    func has(_ name: String) -> Bool { members[name] != nil }

    private func part(_ name: String) throws(OCIError) -> FilePart {
        guard let part = members[links[name] ?? name] else {
            throw .malformed(subject: subject, reason: "it has no \(name)")
        }
        return part
    }

    private func json(_ name: String) throws(OCIError) -> JSON {
        try JSON(parsing: part(name).bytes(), subject: subject)
    }

    private func blob(_ descriptor: Descriptor) throws(OCIError) -> FilePart {
        try part("blobs/sha256/\(descriptor.digest.hex)")
    }

    /// What `docker save` writes: `manifest.json` names configuration and layers.
    func dockerImage() throws(OCIError) -> Parts {
        guard let image = try json("manifest.json").array?.first, let configuration = image["Config"]?.text,
            let layers = image["Layers"]?.texts
        else { throw .malformed(subject: subject, reason: "its manifest.json names no image") }
        var parts = Parts(configuration: try part(configuration).bytes(), layers: [])
        for layer in layers { parts.layers.append(Layer(part: try part(layer), descriptor: nil)) }
        return parts
    }

    /// An OCI layout: `index.json` leads to the manifest, by way of another index where there are attestations.
    func ociImage(_ platform: String) throws(OCIError) -> Parts {
        var bytes = try part("index.json").bytes()
        var descriptor: Descriptor?
        for _ in 0..<3 {
            let index = try ImageIndex(decoding: bytes)
            descriptor = index.manifests.count == 1 ? index.manifests[0].descriptor : index.manifest(for: platform)
            guard let found = descriptor, MediaType.isIndex(found.mediaType) else { break }
            bytes = try blob(found).bytes()
        }
        guard let descriptor, MediaType.isManifest(descriptor.mediaType) else {
            throw .malformed(subject: subject, reason: "it holds no image for \(platform)")
        }
        let manifest = try Manifest(decoding: blob(descriptor).bytes())
        var parts = Parts(configuration: try blob(manifest.configuration).bytes(), layers: [])
        for layer in manifest.layers { parts.layers.append(Layer(part: try blob(layer), descriptor: layer)) }
        return parts
    }
}
