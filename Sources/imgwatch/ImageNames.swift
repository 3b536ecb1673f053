/// What images are called, in the store and wherever they go: names are set when every blob is there.

import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry

extension ImageStore {
/// Gives the image its names: the content tag and the aliases, in the store and in what it is exported to.
    func publish(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication
    ) throws(ImageProblem) -> PublishedImage {
        let tags = [contentTag(of: image, publication)] + (image.push ? image.aliases : [])
        let repository = (image.push ? "" : Self.unpushed) + image.id.name
        do throws(OCIError) {
            if case .layout(let folder) = address, image.push {
                let target = try ImageLayout.open(at: folder + "/" + image.id.name)
                try layout.export(stored.manifest, as: tags, to: target)
            }
            try layout.tag(tags.map { (name: "\(repository):\($0)", descriptor: stored.manifest) })
        } catch {
            throw .failed("\(error.reason); \(error.remedy)")
        }
        for tag in tags { note("\(repository):\(tag)", stored.manifest) }
        return shown(stored, of: image, tags)
    }

    private func shown(_ stored: StoredImage, of image: Image, _ tags: [String]) -> PublishedImage {
        PublishedImage(
            stored: stored,
            references: image.push ? tags.map { address.reference(image.id.name, tag: $0) } : [],
            exactReference: address.reference(image.id.name, digest: stored.manifest.digest),
            isPushed: image.push
        )
    }

    /// A key that has a name already gets no dirty one beside it.
    private func contentTag(of image: Image, _ publication: Publication) -> String {
        let tag = publication.provenance.tag(key: publication.key)
        guard publication.provenance.isDirty else { return tag }
        let names = names(image, key: publication.key).filter { isWhole($0.manifest, key: publication.key) }
        return names.first.map {
            String($0.name[$0.name.index(after: $0.name.lastIndex(of: ":") ?? $0.name.startIndex)...])
        }
            ?? tag
    }

    /// What an image's references show since an earlier run; nil where one is gone or shows something else.
    func remembered(_ image: Image, _ publication: Publication) -> PublishedImage? {
        guard let stored = self.image(of: image, key: publication.key) else { return nil }
        let tags = [contentTag(of: image, publication)] + (image.push ? image.aliases : [])
        let repository = (image.push ? "" : Self.unpushed) + image.id.name
        for tag in tags {
            guard (try? layout.resolve("\(repository):\(tag)"))?.digest == stored.manifest.digest else { return nil }
            if case .layout(let folder) = address, image.push {
                guard let target = try? ImageLayout.open(at: folder + "/" + image.id.name),
                    let shown = try? target.resolve(tag), shown.digest == stored.manifest.digest, target.hasBlob(shown)
                else { return nil }
            }
        }
        return shown(stored, of: image, tags)
    }
}

extension Provenance {
    /// How much of a key stands in a tag.
    static let keyLength = 12

    /// The tag of a key: it can be read by a person, and two states never share one.
    func tag(key: String) -> String {
        let key = key.prefix(Self.keyLength)
        return switch self {
        case .commit(let id, _, isDirty: true): "git-\(id)-dirty-\(key)"
        case .commit(let id, _, isDirty: false): "git-\(id)-\(key)"
        case .none, .unknown: "key-\(key)"
        }
    }
}
