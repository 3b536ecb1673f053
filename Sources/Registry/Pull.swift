/// Gets blobs out of a registry into a layout: each once, whole, and checked against its digest.

internal import HTTP
package import OCI

extension RegistryClient {
    /// Streams a blob into the layout; does nothing where it is there.
    ///
    /// What was cut off goes on where it ended, if the registry can do that.
    package func fetch(
        _ blob: Descriptor,
        from repository: String,
        into layout: ImageLayout
    ) async throws(RegistryError) {
        if layout.hasBlob(blob) { return }
        var receiver = try Self.receiver(blob, layout)
        var (cuts, restarts) = (0, 0)
        while true {
            let start = receiver.count
            do throws(RegistryError) {
                return try await receive(blob, from: repository, receiver)
            } catch {
                if error.status != nil {
                    // What was answered otherwise, or is wrong, is fetched from its beginning.
                    receiver = try Self.receiver(blob, layout)
                    restarts += 1
                } else {
                    cuts = receiver.count - start >= RegistryLimits.progress ? 1 : cuts + 1
                }
                guard error.isTransient, !error.isPostponed, max(cuts, restarts) < RegistryLimits.attempts else {
                    throw error
                }
            }
            try await wait(after: max(cuts, restarts))
        }
    }

    private func receive(
        _ blob: Descriptor,
        from repository: String,
        _ receiver: BlobReceiver
    ) async throws(RegistryError) {
        var request = try request("GET", repository, "blobs/\(blob.digest)")
        let start = receiver.count
        // All of it came, but for the end of the answer.
        if start > 0, start == blob.size { return try finish(receiver) }
        if start > 0 { request.set("Range", "bytes=\(start)-") }
        request.isRepeatable = false
        request.sink = .stream(start > 0 ? 206...206 : 200...200) { receiver.write($0) }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await send(request)
        } catch {
            if let failure = receiver.failure { throw RegistryError(failure) }
            var problem = RegistryError(error)
            if [.refused, .tooLong].contains(error.kind) { (problem.isTransient, problem.status) = (true, 200) }
            throw problem
        }
        guard response.isSuccess else {
            var problem = RegistryError("reading \(blob.digest)", response)
            // Without a range it may be another answer.
            if start > 0 { problem.isTransient = true }
            throw problem
        }
        try finish(receiver)
    }

    private func finish(_ receiver: BlobReceiver) throws(RegistryError) {
        do throws(OCIError) {
            try receiver.finish()
        } catch {
            var problem = RegistryError(error)
            if case .malformed = error { (problem.isTransient, problem.status) = (true, 200) }
            throw problem
        }
    }

    private static func receiver(_ blob: Descriptor, _ layout: ImageLayout) throws(RegistryError) -> BlobReceiver {
        do throws(OCIError) { return try BlobReceiver(blob, into: layout) } catch { throw RegistryError(error) }
    }
}

extension RegistryError {
    init(_ error: OCIError) { self.init(error.reason, remedy: error.remedy) }
}
