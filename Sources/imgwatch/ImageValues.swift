/// Images on their way from inputs to names.

import Building
import Dockerfile
import Engine
import Graph
import Inputs
import OCI
import Project
import Registry

/// An image whose blobs are all in the store.
struct StoredImage: Sendable {
    var key: String
    var manifest: Descriptor
    /// The images that an index names, by their platforms; empty where the image is for one platform.
    var parts: [String: StoredImage] = [:]
    /// nil until somebody builds on it.
    var content: BuiltImage?
    /// What was not in the store before.
    var newLayers = 0
    var newBytes = 0
    /// Blobs that no registry can have yet.
    var fresh: Set<Digest> = []
    /// Repositories in the registry where images go that hold what comes from a base.
    var neighbours: [Digest: String] = [:]

    /// The image for one platform.
    func part(for platform: String) -> StoredImage { parts[platform] ?? self }

    mutating func forgetContent() {
        content = nil
        for platform in parts.keys { parts[platform]?.content = nil }
    }

    /// What stands for the platform of an image that is for one alone.
    static let onlyPart = ""

    /// By platform.
    var allParts: [String: StoredImage] { parts.isEmpty ? [Self.onlyPart: self] : parts }
}

/// What an image's references show.
struct PublishedImage: Sendable {
    var stored: StoredImage
    /// The content tag first.
    var references: [String]
    var exactReference: String
    var isPushed: Bool
    var key: String { stored.key }
}

/// An image that another one is made from.
struct BaseImage: Sendable {
    var name: String
    var key: String
    var image: StoredImage
    /// By digest.
    var reference: String
    var isPushed: Bool

    /// Stands for an image that nobody has made, where only its name matters.
    static func probe(_ name: String, key: String = "") -> BaseImage {
        let nothing = StoredImage(key: key, manifest: Descriptor(mediaType: "", digest: .sha256(of: []), size: 0))
        let shown = PublishedImage(stored: nothing, references: [], exactReference: "", isPushed: false)
        return BaseImage(name, shown)
    }

    init(_ name: String, _ shown: PublishedImage) {
        (self.name, key, image) = (name, shown.key, shown.stored)
        (reference, isPushed) = (shown.exactReference, shown.isPushed)
    }
}

extension [BaseImage] {
    /// The same for one platform.
    func parts(for platform: String) -> [BaseImage] {
        map { base in
            var base = base
            base.image = base.image.part(for: platform)
            return base
        }
    }

    /// By name.
    var references: [String: String] {
        Dictionary(map { ($0.name, $0.reference) }, uniquingKeysWith: { first, _ in first })
    }
}

extension BaseName {
    /// For people: the platform where it is not this machine's.
    var text: String { platform == ImageStore.platform ? reference : "\(reference) (\(platform))" }
}

extension Image {
    /// Its arguments as texts, with these references of other images.
    func argumentTexts(_ references: [String: String]) -> [KeyValue] {
        arguments.map { argument in
            switch argument.value {
            case .value(let value): KeyValue(argument.key, value)
            case .image(let id): KeyValue(argument.key, references[id.name] ?? id.name)
            }
        }
    }
}

/// All that an image is made from, as it was at one instant.
struct ImageInputs: Sendable {
    var reading: Reading
    /// Of files that change often, by their paths: read in their place.
    var copies: [String: PrivateCopy] = [:]
    var bases: [BaseImage]
    /// The commit that the image is to show.
    var revision: String?
    var key: String
}

extension ImageInputs {
    /// What the image is made from for one platform.
    func parts(for platform: String) -> ImageInputs {
        var inputs = self
        inputs.bases = bases.parts(for: platform)
        return inputs
    }

    /// What follows from the image's files, and from the images that it is made from.
    init(of image: Image, _ answer: NodeAnswer, own: String, bases: [BaseImage], copies: [String: PrivateCopy] = [:]) {
        self.init(
            reading: answer.reading,
            copies: copies,
            bases: bases,
            revision: image.showsRevision ? answer.keying.provenance.revision : nil,
            key: Keys.combined(own, bases.map(\.key))
        )
    }
}

enum ImageProblem: Error, Sendable {
    /// A file is not what it was when the key was made: the run goes round again.
    case inputChanged(path: String)
    case cancelled
    /// Blobs of an image that was built earlier are gone: it is built again.
    case incomplete
    /// The same of the image that it is built on, which goes by this name.
    case baseIsGone(String)
    /// The assembler can't do it, and an engine may.
    case unassembled(Failure)
    case failed(Failure)

    init(_ error: RegistryError) {
        if error.isCancelled {
            self = .cancelled
        } else {
            self = .failed(
                Failure(
                    "\(error.reason); \(error.remedy)",
                    isTransient: error.isTransient,
                    retryAfter: error.retryAfter
                )
            )
        }
    }

    init(_ error: OCIError) { self = .failed(Failure("\(error.reason); \(error.remedy)")) }
}

/// A tag that showed other content before.
struct MovedTag: Equatable, Sendable {
    var tag: String
    var digest: Digest
}
