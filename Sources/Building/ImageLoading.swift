/// An image as a value from nothing but its blobs: a base from outside, after a restart, made by another builder.

package import OCI
internal import Synchronization

extension Assembler {
    /// Reads the image of a manifest, whose configuration and layers lie in the layout, and lists its layers.
    ///
    /// That takes a read of all their bytes, once: what was found is in the index cache, and the last few images are
    /// remembered whole. The layers of an image from outside need not lie in the layout once they were listed; such
    /// an image can be built on, but not read from.
    package func load(_ manifest: Descriptor, isExternal: Bool = false) throws(BuildProblem) -> BuiltImage {
        if let known = known(manifest, isExternal) { return known }
        // Many images may want the same base at once.
        return try loading.withLock { (_) throws(BuildProblem) -> BuiltImage in
            if let known = known(manifest, isExternal) { return known }
            let image = try read(manifest, isExternal)
            loaded.withLock { loaded in
                if loaded.count >= Self.mostLoaded { loaded.removeAll() }
                loaded[manifest.digest] = image
            }
            return image
        }
    }

    static let mostLoaded = 16

    private func known(_ manifest: Descriptor, _ isExternal: Bool) -> BuiltImage? {
        guard let image = loaded.withLock({ $0[manifest.digest] }) else { return nil }
        return isExternal && image.externalLayers.count < Set(image.layers.map(\.digest)).count ? nil : image
    }

    private func read(_ manifest: Descriptor, _ isExternal: Bool) throws(BuildProblem) -> BuiltImage {
        let content: (manifest: Manifest, configuration: ImageConfiguration)
        do throws(OCIError) { content = try layout.readImage(manifest) } catch { throw .storage(error) }
        var image = BuiltImage(
            manifest: manifest,
            configuration: content.configuration,
            layers: [],
            rootFS: FileTree()
        )
        for (layer, diffID) in zip(content.manifest.layers, content.configuration.diffIDs) {
            guard let mediaType = MediaType.ociLayer(layer.mediaType) else { throw .layerType(layer) }
            let index = try index(of: layer, isExternal)
            do throws(OCIError) { try image.rootFS.push(index) } catch { throw .storage(error) }
            if index.isExternal { image.externalLayers.insert(layer.digest) }
            image.layers.append(
                LayerRecord(diffID: diffID, digest: layer.digest, size: layer.size, mediaType: mediaType)
            )
        }
        return image
    }

    /// From the cache, or from the layer itself.
    private func index(of layer: Descriptor, _ isExternal: Bool) throws(BuildProblem) -> LayerIndex {
        let isThere = layout.hasBlob(layer)
        if let bytes = indexes.lookup(layer.digest), var known = LayerIndex(decoding: bytes, of: layer.digest) {
            if isExternal, !known.isExternal {
                known.isExternal = true
                indexes.store(layer.digest, known.encoded())
            }
            if isThere || known.isExternal { return known }
        }
        guard isThere else {
            throw isExternal ? .layerMissing(layer.digest) : .storage(.missingBlob(layer.digest, layout: layout.path))
        }
        do throws(OCIError) {
            let tar = try tars.open(layout.blobPath(layer.digest))
            let index = try LayerIndex(of: layer.digest, in: tar, isExternal: isExternal)
            indexes.store(layer.digest, index.encoded())
            return index
        } catch OCIError.compressedArchive {
            throw .layerType(layer)
        } catch {
            throw .storage(error)
        }
    }
}
