/// Descriptors and image manifests (OCI image specification 1.1), with the bytes that BuildKit gives them.

/// Names a blob.
package struct Descriptor: Hashable, Sendable {
    package var mediaType: String
    package var digest: Digest
    /// In bytes.
    package var size: Int
    package var annotations: [String: String]

    package init(mediaType: String, digest: Digest, size: Int, annotations: [String: String] = [:]) {
        (self.mediaType, self.digest, self.size) = (mediaType, digest, size)
        self.annotations = annotations
    }

    /// In the order of the specification's Go structures.
    package var json: JSON {
        var members = [
            JSON.Member("mediaType", .text(mediaType)),
            JSON.Member("digest", .text(digest.description)),
            JSON.Member("size", .integer(size)),
        ]
        if !annotations.isEmpty { members.append(JSON.Member("annotations", .map(annotations))) }
        return .object(members)
    }

    /// nil where media type, digest or size is missing.
    package init?(_ json: JSON) {
        guard let mediaType = json["mediaType"]?.text, let size = json["size"]?.integer, size >= 0,
            let digest = json["digest"]?.text.flatMap({ Digest(parsing: $0) })
        else { return nil }
        self.init(
            mediaType: mediaType,
            digest: digest,
            size: size,
            annotations: json["annotations"]?.textMap ?? [:]
        )
    }
}

/// What an image is made of.
package struct Manifest: Hashable, Sendable {
    package var configuration: Descriptor
    /// The lowest one first.
    package var layers: [Descriptor]
    package var annotations: [String: String]

    package init(configuration: Descriptor, layers: [Descriptor], annotations: [String: String] = [:]) {
        (self.configuration, self.layers, self.annotations) = (configuration, layers, annotations)
    }

    package func encoded() -> [UInt8] {
        var members = [
            JSON.Member("schemaVersion", .integer(2)),
            JSON.Member("mediaType", .text(MediaType.manifest)),
            JSON.Member("config", configuration.json),
            JSON.Member("layers", .array(layers.map(\.json))),
        ]
        if !annotations.isEmpty { members.append(JSON.Member("annotations", .map(annotations))) }
        return JSON.object(members).indented()
    }

    /// Those of a manifest or of an index; none where the bytes are neither.
    package static func annotations(in bytes: [UInt8]) -> [String: String] {
        (try? JSON(parsing: bytes, subject: "a manifest"))?["annotations"]?.textMap ?? [:]
    }

    /// Reads OCI's form and Docker's schema 2, which differ by their media types alone.
    package init(decoding bytes: [UInt8]) throws(OCIError) {
        let subject = "an image manifest"
        let json = try JSON(parsing: bytes, subject: subject)
        guard let configuration = json["config"].flatMap(Descriptor.init) else {
            let isOld = json["schemaVersion"]?.integer == 1
            let reason = isOld ? "it is one of Docker's schema 1, from before 2016" : "it names no configuration"
            throw .malformed(subject: subject, reason: reason)
        }
        let layers = json["layers"]?.array ?? []
        self.init(
            configuration: configuration,
            layers: layers.compactMap(Descriptor.init),
            annotations: json["annotations"]?.textMap ?? [:]
        )
        guard self.layers.count == layers.count else {
            throw .malformed(subject: subject, reason: "a layer has no media type, digest or size")
        }
    }
}
