/// Images that lie in the registry: those of a key, what a command has pushed, and the layers of bases.

import Engine
import Foundation
import OCI
import Registry

extension RemoteRegistry {
    /// The manifest or the index of a key that anybody has pushed under this tag.
    ///
    /// It is in the layout then, with the manifests that it names and their configurations.
    func image(_ image: String, _ tag: String, key: String) async throws(RegistryError) -> Descriptor? {
        let repository = repository(image)
        let client = try await client(repository)
        guard let found = try await client.manifest(repository, tag), try await self.key(of: found, repository) == key
        else { return nil }
        for part in Self.parts(of: found) ?? [] {
            guard let manifest = try await client.manifest(repository, "\(part.digest)") else { return nil }
            try await keep(manifest, repository)
        }
        try await keep(found, repository)
        note(repository, tag, found.descriptor.digest)
        return found.descriptor
    }

    /// What it was built under, as its annotation says, or the label of its configuration, which is fetched for that.
    func key(of found: FetchedManifest, _ repository: String) async throws(RegistryError) -> String? {
        if let key = Manifest.annotations(in: found.bytes)[ImageStore.keyName] { return key }
        guard !MediaType.isIndex(found.descriptor.mediaType) else { return nil }
        let manifest = try await content(of: found, repository)
        guard let bytes = try? layout.readBlob(manifest.configuration) else { return nil }
        return (try? ImageConfiguration(decoding: bytes))?.key
    }

    /// Puts a manifest into the layout, and its configuration before it.
    private func keep(_ found: FetchedManifest, _ repository: String) async throws(RegistryError) {
        if !MediaType.isIndex(found.descriptor.mediaType) { _ = try await content(of: found, repository) }
        do throws(OCIError) {
            _ = try layout.writeBlob(found.bytes, mediaType: found.descriptor.mediaType)
        } catch {
            throw RegistryError(error.reason, remedy: error.remedy)
        }
    }

    /// A manifest whose configuration is in the layout then.
    private func content(of found: FetchedManifest, _ repository: String) async throws(RegistryError) -> Manifest {
        let manifest: Manifest
        do throws(OCIError) { manifest = try Manifest(decoding: found.bytes) } catch {
            throw RegistryError(error.reason, remedy: error.remedy)
        }
        try await client(repository).fetchConfiguration(manifest.configuration, from: repository, into: layout)
        return manifest
    }

    /// nil for what is no index.
    private static func parts(of found: FetchedManifest) -> [Descriptor]? {
        guard MediaType.isIndex(found.descriptor.mediaType) else { return nil }
        return (try? ImageIndex(decoding: found.bytes))?.images.map(\.descriptor)
    }

    /// What a tag shows for a platform, whoever pushed it; nil where there is no such tag.
    ///
    /// Its configuration is in the layout then.
    func shown(_ image: String, _ tag: String, for platform: String) async throws(RegistryError) -> Manifest? {
        let repository = repository(image)
        let client = try await client(repository)
        guard var found = try await client.manifest(repository, tag), !isMixture(found.descriptor.digest) else {
            return nil
        }
        if MediaType.isIndex(found.descriptor.mediaType) {
            guard let choice = (try? ImageIndex(decoding: found.bytes))?.manifest(for: platform),
                let chosen = try await client.manifest(repository, "\(choice.digest)")
            else {
                throw RegistryError(
                    "\(repository):\(tag) has no image for \(platform)",
                    remedy: "let what pushed it make it for that platform, too"
                )
            }
            found = chosen
        }
        return try await content(of: found, repository)
    }

    /// Gets the layers of an image, for all its platforms, into the layout: somebody builds on it.
    ///
    /// Throws ``ImageProblem/baseIsGone(_:)`` where the registry has them no more.
    func fetchLayers(of image: Descriptor, _ name: String) async throws(ImageProblem) {
        var layers: [Descriptor] = []
        do throws(OCIError) {
            for part in try layout.images(of: image) { layers += try layout.readManifest(part.descriptor).layers }
        } catch {
            throw ImageProblem(error)
        }
        let repository = repository(name)
        do throws(RegistryError) {
            for layer in layers where !layout.hasBlob(layer) {
                try await client(repository).fetch(layer, from: repository, into: layout)
            }
        } catch {
            guard error.status == 404 else { throw ImageProblem(error) }
            (try? await client(repository))?.forget(repository)
            throw .baseIsGone(name)
        }
    }
}
