/// Images for several platforms: one manifest for each, and the index that names them.

import Dockerfile
import Engine
import Foundation
import OCI
import Project

extension ImageStore {
    /// What lies here under a manifest or an index, with the images that the index names.
    func stored(_ manifest: Descriptor, key: String) -> StoredImage {
        var stored = StoredImage(key: key, manifest: manifest)
        guard MediaType.isIndex(manifest.mediaType) else { return stored }
        for part in (try? layout.images(of: manifest)) ?? [] {
            guard let platform = part.platform.flatMap({ PlatformName.normalized($0.text) }) else { continue }
            stored.parts[platform] = StoredImage(key: key, manifest: part.descriptor)
        }
        return stored
    }

    /// As its configuration says; nil where it says nothing that is a platform.
    func platform(of manifest: Descriptor) -> String? {
        guard let image = try? layout.readImage(manifest) else { return nil }
        return PlatformName.normalized(image.configuration.platform)
    }

    /// One image for all its platforms, whose parts lie here.
    func join(_ parts: [(platform: String, image: StoredImage)], key: String) throws(ImageProblem) -> StoredImage {
        var entries: [ImageIndex.Entry] = []
        var heads: Set<Substring> = []
        for (platform, part) in parts {
            var descriptor = part.manifest
            descriptor.annotations = [:]
            entries.append(ImageIndex.Entry(descriptor, platform: ImageIndex.Platform(platform)))
            heads.formUnion(annotations(of: part.manifest)[Self.headsName]?.split(separator: " ") ?? [])
        }
        var all = [Self.keyName: key]
        if !heads.isEmpty { all[Self.headsName] = heads.sorted().joined(separator: " ") }
        let index = ImageIndex(entries, annotations: all)
        do throws(OCIError) {
            let manifest = try layout.writeBlob(index.encoded(), mediaType: MediaType.index)
            var stored = StoredImage(key: key, manifest: manifest)
            for (platform, part) in parts {
                stored.parts[platform] = part
                stored.fresh.formUnion(part.fresh)
                stored.neighbours.merge(part.neighbours) { first, _ in first }
                stored.newLayers += part.newLayers
                stored.newBytes += part.newBytes
            }
            return stored
        } catch {
            throw ImageProblem(error)
        }
    }

    /// An image that somebody else pushed for this key: its layers and configuration, under a manifest that says so.
    func adopt(_ made: Manifest, of image: Image, key: String) throws(ImageProblem) -> StoredImage {
        var manifest = made
        manifest.configuration.mediaType = MediaType.configuration
        for (index, layer) in made.layers.enumerated() {
            guard let type = MediaType.ociLayer(layer.mediaType) else {
                throw .failed(
                    Failure("the command's image has a layer of the type \(layer.mediaType), which is no image's")
                )
            }
            manifest.layers[index].mediaType = type
        }
        manifest.annotations.merge(image.annotations(key: key)) { $1 }
        do throws(OCIError) {
            return StoredImage(
                key: key,
                manifest: try layout.writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
            )
        } catch {
            throw ImageProblem(error)
        }
    }
}
