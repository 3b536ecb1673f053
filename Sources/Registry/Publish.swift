/// Gives an image that was pushed its name: puts the manifest under a tag, and says why a registry does not take it.

internal import HTTP
internal import OCI

extension RegistryClient {
    /// Puts the manifest under a tag.
    ///
    /// Where the registry says that blobs are missing after all, they are sent again first; that ends where the task is
    /// cancelled.
    package func publish(_ push: Push, as tag: String) async throws(RegistryError) {
        let blobs = Set(try (push.blobs() + push.parts()).map(\.digest))
        for attempt in 1... {
            let response = try await put(push.manifest, of: push, as: tag)
            if response.isSuccess { return try await check(response, push, tag) }
            let error = error("publishing \(push.repository):\(tag)", response)
            let isIncomplete = error.misses(some: blobs)
            if !isIncomplete, [400, 409, 412].contains(response.status), try await shows(push, tag) { return }
            known.forget(push.repository)
            guard isIncomplete, attempt < RegistryLimits.publications else { throw error.ofManifest }
            try leaveIfCancelled()
            _ = try await upload(try push.repeated(after: error, isLast: attempt + 1 == RegistryLimits.publications))
            try leaveIfCancelled()
        }
    }

    /// Puts one of the manifests that an index names under its digest.
    func put(_ manifest: Descriptor, of push: Push) async throws(RegistryError) {
        let response = try await put(manifest, of: push, as: "\(manifest.digest)")
        guard !response.isSuccess else { return }
        throw error("publishing \(push.repository)@\(manifest.digest)", response).ofManifest
    }

    private func put(
        _ manifest: Descriptor,
        of push: Push,
        as reference: String
    ) async throws(RegistryError) -> HTTPResponse {
        var request = try request("PUT", push.repository, "manifests/\(reference)")
        request.set("Content-Type", manifest.mediaType)
        request.body = .bytes(try push.bytes(of: manifest))
        return try await perform(request)
    }

    /// A registry whose tags never move refuses also what is there already.
    private func shows(_ push: Push, _ tag: String) async throws(RegistryError) -> Bool {
        try await digest(push.repository, tag) == "\(push.manifest.digest)"
    }

    private func check(_ response: HTTPResponse, _ push: Push, _ tag: String) async throws(RegistryError) {
        guard response.contradicts(push.manifest.digest) else { return }
        guard try await shows(push, tag) else {
            throw RegistryError(
                "\(host) shows \(response.statedDigest) as \(push.repository):\(tag), and not "
                    + "\(push.manifest.digest), which was sent",
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
    var ofManifest: RegistryError {
        let isRefused = codes.contains { ["MANIFEST_INVALID", "UNSUPPORTED"].contains($0) } && status != 405
        guard isRefused || status == 415 else { return self }
        var error = self
        error.reason = "the registry refuses this kind of manifest: \(reason)"
        error.remedy = "set `compression: gzip`, which every registry takes, or see what the registry's own log says"
        return error
    }
}
