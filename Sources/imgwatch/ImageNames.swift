/// What images are called, in the store and wherever they go: names are set when every blob is there.

import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry

/// The tags of one publication.
struct ImageTags: Equatable, Sendable {
    /// What the image is called.
    var main: String
    var aliases: [String]
    /// The main tag may show other content already: its name does not say the key.
    var isShared = false

    var all: [String] { [main] + aliases }
    /// Those that show something else from time to time.
    var moving: Set<String> { Set(aliases + (isShared ? [main] : [])) }
}

extension ImageStore {
    func tags(of image: Image, _ publication: Publication) -> ImageTags {
        let aliases = image.push ? image.aliases : []
        let (commit, key) = (publication.provenance.commit, publication.key)
        let isDirty = publication.provenance.isDirty
        if let template = image.tag,
            let tag = template.tag(commit: commit, isDirty: isDirty, key: key, image: image.id.name)
        {
            return ImageTags(main: tag, aliases: aliases, isShared: !template.saysKey)
        }
        return ImageTags(main: contentTag(of: image, publication), aliases: aliases)
    }

    /// A key that has a name already gets no dirty one beside it.
    private func contentTag(of image: Image, _ publication: Publication) -> String {
        let tag = publication.provenance.tag(key: publication.key)
        guard publication.provenance.isDirty else { return tag }
        let own = repository(image) + ":"
        let names = names(image, key: publication.key).filter {
            $0.name.hasPrefix(own) && isWhole($0.manifest, of: image, key: publication.key)
        }
        return names.first.map { String($0.name.dropFirst(own.count)) } ?? tag
    }

    /// In the layout.
    private func repository(_ image: Image) -> String { (image.push ? "" : Self.unpushed) + image.id.name }

    // MARK: Finding

    /// The image of this key, built here or, where others may have built it, pushed by anybody.
    ///
    /// What the tag shows already counts more than what is here: with another compression its bytes are others, and a
    /// tag that says its content never changes them.
    ///
    /// `others` are tags under which it may be, too.
    func find(
        _ image: Image,
        _ publication: Publication,
        asking: Bool,
        others: [String] = []
    ) async -> StoredImage? {
        let own = self.image(of: image, key: publication.key)
        guard image.push, let remote, asking || own != nil else { return own }
        let tag = tags(of: image, publication).main
        if let own, await remote.stillShows(image.id.name, tag, own.manifest.digest) { return own }
        for tag in [tag] + others {
            // A registry that does not answer now will be told of when the image is pushed.
            let found = (try? await remote.image(image.id.name, tag, key: publication.key)) ?? nil
            if let found { return stored(found, key: publication.key) }
        }
        return own
    }

    /// Whether the image of this key would be found; nothing of it is fetched.
    func has(_ image: Image, _ publication: Publication) async -> Bool {
        if self.image(of: image, key: publication.key) != nil { return true }
        guard image.push, let remote else { return false }
        let found = try? await remote.key(image.id.name, tags(of: image, publication).main)
        return found?.key == publication.key
    }

    /// What an image's references show since an earlier run; nil where one is gone or shows something else.
    func remembered(_ image: Image, _ publication: Publication) -> PublishedImage? {
        guard let stored = self.image(of: image, key: publication.key) else { return nil }
        let tags = tags(of: image, publication)
        for tag in tags.all where !isShown(tag, by: image, stored.manifest) { return nil }
        return shown(stored, of: image, tags)
    }

    private func isShown(_ tag: String, by image: Image, _ manifest: Descriptor) -> Bool {
        guard (try? layout.resolve("\(repository(image)):\(tag)"))?.digest == manifest.digest else { return false }
        guard image.push else { return true }
        switch address {
        case .loopback: return true
        case .layout(let folder):
            guard let target = try? ImageLayout.open(at: folder + "/" + image.id.name),
                let shown = try? target.resolve(tag)
            else { return false }
            return shown.digest == manifest.digest && target.hasBlob(shown)
        case .remote: return remote?.shows(image.id.name, tag) == manifest.digest
        }
    }

    // MARK: Publishing

    /// What a tag shows that does not say its content, and that this publication would move.
    ///
    /// Throws where it must not.
    func move(of image: Image, _ publication: Publication) async throws(ImageProblem) -> MovedTag? {
        let tags = tags(of: image, publication)
        guard tags.isShared, let found = try await content(of: tags.main, of: image), found.key != publication.key
        else {
            return nil
        }
        guard image.movesTag else {
            let other = found.key.map { "of key \($0.prefix(Provenance.keyLength))" } ?? "that imgwatch did not build"
            throw .failed(
                Failure(
                    "the tag \(tags.main) shows an image \(other) already; let it move with `tag-moves: true`, or put "
                        + "`{key}` into `tag`"
                )
            )
        }
        return MovedTag(tag: tags.main, digest: found.digest)
    }

    private func content(
        of tag: String,
        of image: Image
    ) async throws(ImageProblem) -> (key: String?, digest: Digest)? {
        if image.push, let remote {
            do throws(RegistryError) {
                return try await remote.key(image.id.name, tag, mustKnow: !image.movesTag)
            } catch {
                throw ImageProblem(error)
            }
        }
        guard let shown = try? layout.resolve("\(repository(image)):\(tag)") else { return nil }
        return (key(of: shown), shown.digest)
    }

    /// Sends what the registry lacks of the image, if it goes to one; nobody sees anything of it yet.
    ///
    /// - Returns: The same image, which says what was sent of it.
    func send(_ stored: StoredImage, of image: Image) async throws(ImageProblem) -> StoredImage {
        guard image.push, let remote else { return stored }
        let sent = try await remote.upload(stored, image.id.name)
        var stored = stored
        (stored.newLayers, stored.newBytes) = (sent.count, sent.reduce(0) { $0 + $1.size })
        return stored
    }

    /// Gives the image its names where it goes to a registry elsewhere.
    func push(_ stored: StoredImage, of image: Image, _ publication: Publication) async throws(ImageProblem) {
        guard image.push, let remote else { return }
        let tags = tags(of: image, publication)
        try await remote.publish(stored, image.id.name, tags.all, moving: tags.moving)
    }

    /// Gives the image its names in the store, and in the layout that it is exported to.
    func publish(
        _ stored: StoredImage,
        of image: Image,
        _ publication: Publication
    ) throws(ImageProblem) -> PublishedImage {
        let tags = tags(of: image, publication)
        var names = tags.all.map { "\(repository(image)):\($0)" }
        // By this it is found when its tag shows something else.
        if tags.isShared {
            names.append("\(Self.unpushed)\(image.id.name):key-\(stored.key.prefix(Provenance.keyLength))")
        }
        do throws(OCIError) {
            if case .layout(let folder) = address, image.push {
                let target = try ImageLayout.open(at: folder + "/" + image.id.name)
                try layout.export(stored.manifest, as: tags.all, to: target)
            }
            try layout.tag(names.map { (name: $0, descriptor: stored.manifest) })
        } catch {
            throw ImageProblem(error)
        }
        for name in names { note(name, stored.manifest) }
        return shown(stored, of: image, tags)
    }

    /// As it is known under the names of this publication.
    func shown(_ stored: StoredImage, of image: Image, _ publication: Publication) -> PublishedImage {
        shown(stored, of: image, tags(of: image, publication))
    }

    private func shown(_ stored: StoredImage, of image: Image, _ tags: ImageTags) -> PublishedImage {
        PublishedImage(
            stored: stored,
            references: image.push ? tags.all.map { address.reference(image.id.name, tag: $0) } : [],
            exactReference: address.reference(image.id.name, digest: stored.manifest.digest),
            isPushed: image.push
        )
    }
}

extension Provenance {
    /// How much of a key stands in a tag.
    static let keyLength = TagTemplate.keyLength

    /// The tag of a key: it can be read by a person, and two states never share one.
    func tag(key: String) -> String {
        let key = key.prefix(Self.keyLength)
        return switch self {
        case .commit(let id, _, isDirty: true): "git-\(id)-dirty-\(key)"
        case .commit(let id, _, isDirty: false): "git-\(id)-\(key)"
        case .none, .unknown: "key-\(key)"
        }
    }

    fileprivate var commit: String? { if case .commit(let id, _, _) = self { id } else { nil } }
}
