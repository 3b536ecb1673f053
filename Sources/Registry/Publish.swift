/// Gives an image that was pushed its name: puts the manifest under a tag, and says why a registry does not take it.

internal import HTTP
internal import OCI

extension RegistryClient {
    /// Puts the manifest under a tag, and before that those that an index names under their digests.
    ///
    /// Where the registry says that blobs are missing after all, they are sent again first; that ends where the task is
    /// cancelled.
    package func publish(_ push: Push, as tag: String) async throws(RegistryError) {
        let parts = try push.parts()
        let blobs = Set(try (push.blobs() + parts).map(\.digest))
        for attempt in 1... {
            var refusal: RegistryError?
            for part in parts where refusal == nil && !known.contains(part.digest, in: push.repository) {
                refusal = try await put(part, of: push, as: "\(part.digest)")
                if refusal == nil { known.insert(part.digest, in: push.repository) }
            }
            if refusal == nil { refusal = try await put(push.manifest, of: push, as: tag) }
            guard let error = refusal else { return }
            known.forget(push.repository)
            guard error.misses(some: blobs), attempt < RegistryLimits.publications else {
                throw error.ofManifest(push.manifest)
            }
            try leaveIfCancelled()
            _ = try await upload(try push.repeated(after: error, isLast: attempt + 1 == RegistryLimits.publications))
            try leaveIfCancelled()
        }
    }

    /// - Returns: Why the registry refuses it.
    private func put(
        _ manifest: Descriptor,
        of push: Push,
        as name: String
    ) async throws(RegistryError) -> RegistryError? {
        var request = try request("PUT", push.repository, "manifests/\(name)")
        request.set("Content-Type", manifest.mediaType)
        request.body = .bytes(try push.bytes(of: manifest))
        let response = try await perform(request)
        if response.isSuccess {
            try await check(response, manifest, push, name)
            return nil
        }
        let error = error("publishing \(push.repository):\(name)", response)
        let isIncomplete = error.misses(some: Set(try (push.blobs() + push.parts()).map(\.digest)))
        if !isIncomplete, [400, 409, 412].contains(response.status), try await shows(manifest, push, name) {
            return nil
        }
        return error
    }

    /// A registry whose tags never move refuses also what is there already.
    private func shows(_ manifest: Descriptor, _ push: Push, _ name: String) async throws(RegistryError) -> Bool {
        try await digest(push.repository, name) == "\(manifest.digest)"
    }

    private func check(
        _ response: HTTPResponse,
        _ manifest: Descriptor,
        _ push: Push,
        _ tag: String
    ) async throws(RegistryError) {
        guard response.contradicts(manifest.digest) else { return }
        guard try await shows(manifest, push, tag) else {
            throw RegistryError(
                "\(host) shows \(response.statedDigest) as \(push.repository):\(tag), and not "
                    + "\(manifest.digest), which was sent",
                remedy: "see what the registry's own log says; it is tried again by itself",
                isTransient: true
            )
        }
    }
}

extension RegistryError {
    /// Whether it says of a manifest that some of its blobs are not there, by its code or by their names.
    func misses(some blobs: Set<Digest>) -> Bool {
        if codes.contains("NAME_UNKNOWN") || status.map([401, 403, 413, 415, 429].contains) == true { return false }
        return codes.contains { ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"].contains($0) }
            || !digests.isDisjoint(with: blobs)
    }

    /// The same in words for who published a manifest.
    func ofManifest(_ manifest: Descriptor) -> RegistryError {
        let isRefused = codes.contains { ["MANIFEST_INVALID", "UNSUPPORTED"].contains($0) } && status != 405
        guard isRefused || status == 415 else { return self }
        var error = self
        error.reason = "the registry refuses this kind of manifest: \(reason)"
        error.remedy =
            MediaType.isIndex(manifest.mediaType)
            ? "make it for one of its `platforms` alone, or push to a registry that takes OCI indexes"
            : "set `compression: gzip`, which every registry takes, or see what the registry's own log says"
        return error
    }
}
