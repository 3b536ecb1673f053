/// One image for several platforms: OCI's image index and Docker's manifest list, which say the same.

package struct ImageIndex: Hashable, Sendable {
    package struct Platform: Hashable, Sendable {
        package var operatingSystem: String
        package var architecture: String
        /// Empty where none is named.
        package var variant: String

        package init(operatingSystem: String, architecture: String, variant: String = "") {
            (self.operatingSystem, self.architecture) = (operatingSystem, architecture)
            self.variant = variant
        }

        /// From the form `linux/arm/v7`; nil for what has no two or three parts.
        package init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard (2...3).contains(parts.count) else { return nil }
            self.init(
                operatingSystem: parts[0],
                architecture: parts[1],
                variant: parts.count == 3 ? parts[2] : ""
            )
        }
    }

    package struct Entry: Hashable, Sendable {
        package var descriptor: Descriptor
        package var platform: Platform?

        package init(_ descriptor: Descriptor, platform: Platform?) {
            (self.descriptor, self.platform) = (descriptor, platform)
        }
    }

    package var manifests: [Entry]
    package var annotations: [String: String] = [:]

    package init(_ manifests: [Entry], annotations: [String: String] = [:]) {
        (self.manifests, self.annotations) = (manifests, annotations)
    }

    /// In the order and the layout of BuildKit's indexes.
    package func encoded() -> [UInt8] {
        var members = [
            JSON.Member("schemaVersion", .integer(2)), JSON.Member("mediaType", .text(MediaType.index)),
            JSON.Member("manifests", .array(manifests.map(\.json))),
        ]
        if !annotations.isEmpty { members.append(JSON.Member("annotations", .map(annotations))) }
        return JSON.object(members).indented()
    }

    package init(decoding bytes: [UInt8]) throws(OCIError) {
        let subject = "an image index"
        let json = try JSON(parsing: bytes, subject: subject)
        guard let entries = json["manifests"]?.array else {
            throw .malformed(subject: subject, reason: "it has no list of manifests")
        }
        manifests = entries.compactMap { entry in
            Descriptor(entry).map { Entry($0, platform: entry["platform"].flatMap(Platform.init)) }
        }
        guard manifests.count == entries.count else {
            throw .malformed(subject: subject, reason: "a manifest has no media type, digest or size")
        }
        annotations = json["annotations"]?.textMap ?? [:]
    }

    /// The images among what it names, without attestations.
    package var images: [Entry] {
        manifests.filter { MediaType.isManifest($0.descriptor.mediaType) && !$0.isAttestation }
    }

    /// The image for a platform as `linux/amd64`, `linux/arm/v7`; nil where there is none.
    ///
    /// As in containerd a machine also takes what its elder siblings run, the newest first, and a variant that is not
    /// named is v7 for arm, v8 for arm64, v1 for amd64. What is no image (attestations) is passed over.
    package func manifest(for platform: String) -> Descriptor? {
        let images = images
        guard let wanted = Platform(platform) else { return nil }
        for variant in wanted.acceptedVariants {
            for image in images where image.platform?.matches(wanted, variant: variant) == true {
                return image.descriptor
            }
        }
        // An index of one image need not say what it is for.
        return images.count == 1 && images.first?.platform == nil ? images.first?.descriptor : nil
    }
}

extension ImageIndex.Entry {
    fileprivate var isAttestation: Bool {
        descriptor.annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }

    fileprivate var json: JSON {
        guard case .object(var members) = descriptor.json, let platform else { return descriptor.json }
        var names = [
            JSON.Member("architecture", .text(platform.architecture)),
            JSON.Member("os", .text(platform.operatingSystem)),
        ]
        if !platform.variant.isEmpty { names.append(JSON.Member("variant", .text(platform.variant))) }
        members.append(JSON.Member("platform", .object(names)))
        return .object(members)
    }
}

extension ImageIndex.Platform {
    /// As `linux/arm/v7`.
    package var text: String {
        [operatingSystem, architecture, variant].filter { !$0.isEmpty }.joined(separator: "/")
    }

    fileprivate init?(_ json: JSON) {
        guard let system = json["os"]?.text, let architecture = json["architecture"]?.text else { return nil }
        self.init(operatingSystem: system, architecture: architecture, variant: json["variant"]?.text ?? "")
    }

    /// The variant with a name, if the architecture has variants.
    private var namedVariant: String {
        guard variant.isEmpty else { return variant }
        return ["arm": "v7", "arm64": "v8", "amd64": "v1"][architecture] ?? ""
    }

    /// What runs on this platform, the best first.
    fileprivate var acceptedVariants: [String] {
        let lowest = ["arm": 5, "arm64": 8, "amd64": 1][architecture]
        guard let lowest, let newest = Int(namedVariant.dropFirst()), (lowest...99).contains(newest) else {
            return [namedVariant]
        }
        return (lowest...newest).reversed().map { "v\($0)" }
    }

    fileprivate func matches(_ wanted: Self, variant: String) -> Bool {
        operatingSystem == wanted.operatingSystem && architecture == wanted.architecture && namedVariant == variant
    }
}
