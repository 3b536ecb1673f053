/// Pushes an image: first all of its blobs, and when they are all there, its manifest under its tags.

internal import HTTP
package import OCI

/// What a push had to do.
package struct PushReport: Sendable {
    package var sent: [Descriptor] = []
    /// Those that the registry had in another repository.
    package var mounted: [Descriptor] = []
}

/// An image in a layout, and the repository that it goes to.
package struct Push: Sendable {
    package var manifest: Descriptor
    package var layout: ImageLayout
    package var repository: String
    /// Blobs that were made just now: nobody has them, so nobody is asked.
    package var fresh: Set<Digest> = []
    /// Repositories of the same registry that hold the image's base.
    package var neighbours: [Digest: String] = [:]
    /// What the registry denied to have, whatever it said before: it is sent.
    var denied: Set<Digest> = []
    /// Whether what is here may be mounted instead of sent.
    var mounts = true
    /// Gets a blob into the layout that is not there: a base's.
    package var fetch: @Sendable (Descriptor) async throws(RegistryError) -> Void

    package init(
        _ manifest: Descriptor,
        from layout: ImageLayout,
        to repository: String,
        fetch: @escaping @Sendable (Descriptor) async throws(RegistryError) -> Void
    ) {
        (self.manifest, self.layout, self.repository, self.fetch) = (manifest, layout, repository, fetch)
    }
}

extension RegistryClient {
    /// Sends what the repository lacks of an image, but for the manifests: nobody sees anything of it yet.
    package func upload(_ push: Push) async throws(RegistryError) -> PushReport {
        willPush(to: push.repository)
        let blobs = try missing(of: push)
        var report = PushReport()
        var next = blobs.makeIterator()
        let results = await withTaskGroup(of: Result<PushReport, RegistryError>.self) { group in
            var results: [Result<PushReport, RegistryError>] = []
            for _ in 0..<RegistryLimits.transfers { if let blob = next.next() { add(blob, push, &group) } }
            while let result = await group.next() {
                results.append(result)
                if case .failure = result {
                    group.cancelAll()
                } else if let blob = next.next() {
                    add(blob, push, &group)
                }
            }
            return results
        }
        for result in results {
            let one = try Self.firstReal(of: result, in: results).get()
            report.sent += one.sent
            report.mounted += one.mounted
        }
        return report
    }

    /// Where one upload failed and the others were cancelled for it, the failure is the reason.
    private static func firstReal(
        of result: Result<PushReport, RegistryError>,
        in all: [Result<PushReport, RegistryError>]
    ) -> Result<PushReport, RegistryError> {
        guard case .failure(let error) = result, error.isCancelled else { return result }
        return all.first { if case .failure(let other) = $0 { !other.isCancelled } else { false } } ?? result
    }

    private func add(
        _ blob: Descriptor,
        _ push: Push,
        _ group: inout TaskGroup<Result<PushReport, RegistryError>>
    ) {
        group.addTask {
            do throws(RegistryError) { return .success(try await self.ensure(blob, push)) } catch {
                return .failure(error)
            }
        }
    }

    private func missing(of push: Push) throws(RegistryError) -> [Descriptor] {
        var seen: Set<Digest> = []
        return try push.blobs().filter { blob in
            seen.insert(blob.digest).inserted && !known.contains(blob.digest, in: push.repository)
        }
    }

    /// A blob goes to a registry once at a time: what other repositories need of it meanwhile is mounted after that.
    private func ensure(_ blob: Descriptor, _ push: Push) async throws(RegistryError) -> PushReport {
        while true {
            let own = try await alone(with: blob, known.sending) { () async throws(RegistryError) in
                try await ensureAlone(blob, push)
            }
            if let own { return own }
            if known.contains(blob.digest, in: push.repository) { return PushReport() }
        }
    }

    private func ensureAlone(_ blob: Descriptor, _ push: Push) async throws(RegistryError) -> PushReport {
        var report = PushReport()
        let isHere = push.layout.hasBlob(blob)
        var neighbour = push.neighbours[blob.digest] ?? known.repository(with: blob.digest, besides: push.repository)
        if isHere, !push.mounts { neighbour = nil }
        let isNew = push.fresh.contains(blob.digest) && neighbour == nil
        if !isNew, !push.denied.contains(blob.digest), try await hasBlob(blob, in: push.repository) {
            known.insert(blob.digest, in: push.repository)
            return report
        }
        if !isHere {
            if let tried = neighbour, try await mount(blob, in: push.repository, from: tried).isThere {
                known.insert(blob.digest, in: push.repository)
                report.mounted = [blob]
                return report
            }
            neighbour = nil
            try await push.fetch(blob)
        }
        let upload = BlobUpload(
            client: self,
            repository: push.repository,
            blob: blob,
            path: push.layout.blobPath(blob.digest),
            neighbour: neighbour
        )
        let way: BlobUpload.Way
        do throws(RegistryError) {
            way =
                blob.size > HTTPLimits.largeBody
                ? try await known.large.with { () async throws(RegistryError) in try await upload.run() }
                : try await upload.run()
        } catch {
            // After a power failure what lies here may be other bytes: it is had, or made, anew.
            guard error.isWorthAnother, push.layout.removeIfCorrupt(blob) else { throw error }
            return try await ensureAlone(blob, push)
        }
        switch way {
        case .mounted: report.mounted = [blob]
        case .sent: report.sent = [blob]
        }
        known.insert(blob.digest, in: push.repository)
        return report
    }
}

extension Push {
    func bytes(of manifest: Descriptor) throws(RegistryError) -> [UInt8] {
        do throws(OCIError) { return try layout.readBlob(manifest) } catch { throw RegistryError(error) }
    }

    /// The manifests that the index names; none where there is no index.
    func parts() throws(RegistryError) -> [Descriptor] {
        guard MediaType.isIndex(manifest.mediaType) else { return [] }
        do throws(OCIError) { return try layout.images(of: manifest).map(\.descriptor) } catch {
            throw RegistryError(error)
        }
    }

    /// What is sent again when the registry finds the image incomplete: what it names, and at last all that is here,
    /// whatever it says to have.
    func repeated(after error: RegistryError, isLast: Bool) throws(RegistryError) -> Push {
        var again = self
        (again.fresh, again.mounts, again.denied) = ([], false, error.digests)
        if isLast { again.denied.formUnion(try blobs().filter(layout.hasBlob).map(\.digest)) }
        return again
    }

    /// All that must be there before the manifests are.
    func blobs() throws(RegistryError) -> [Descriptor] {
        do throws(OCIError) {
            var blobs: [Descriptor] = []
            for image in try layout.images(of: manifest) {
                let content = try layout.readManifest(image.descriptor)
                blobs += content.layers + [content.configuration]
            }
            return blobs
        } catch {
            throw RegistryError(error)
        }
    }
}
