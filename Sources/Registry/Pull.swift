/// Gets blobs out of a registry into a layout: each once, whole, and checked against its digest.

internal import HTTP
package import OCI

extension RegistryClient {
    /// Streams a blob into the layout, once for all who want it there; does nothing where it is there.
    ///
    /// What was cut off goes on where it ended, if the registry can do that.
    package func fetch(
        _ blob: Descriptor,
        from repository: String,
        into layout: ImageLayout
    ) async throws(RegistryError) {
        while !layout.hasBlob(blob) {
            _ = try await alone(with: blob, known.fetching) { () async throws(RegistryError) in
                try await fetchAlone(blob, from: repository, into: layout)
            }
        }
    }

    private func fetchAlone(
        _ blob: Descriptor,
        from repository: String,
        into layout: ImageLayout
    ) async throws(RegistryError) {
        var receiver = try Self.receiver(blob, layout)
        var (failures, furthest) = (0, 0)
        while true {
            do throws(RegistryError) {
                return try await receive(blob, from: repository, receiver)
            } catch {
                failures += 1
                // A connection that is cut now and then gets on all the same.
                if error.status == nil, receiver.count >= furthest + RegistryLimits.progress {
                    (failures, furthest) = (1, receiver.count)
                }
                guard error.isRepeated, failures < RegistryLimits.attempts else { throw error }
                // What was answered otherwise, or came in pieces and is wrong, is fetched from its beginning.
                if error.status != nil { receiver = try Self.receiver(blob, layout) }
            }
            try await wait(after: failures)
        }
    }

    /// The same for an image's configuration, which is read into memory: one that is too long is not even fetched.
    package func fetchConfiguration(
        _ blob: Descriptor,
        from repository: String,
        into layout: ImageLayout
    ) async throws(RegistryError) {
        guard blob.size <= RegistryLimits.longestConfiguration else {
            throw RegistryError(
                "the configuration \(blob.digest) of \(host)/\(repository) has \(blob.size) bytes",
                remedy: "use another image: a configuration may have \(RegistryLimits.longestConfiguration) bytes"
            )
        }
        try await fetch(blob, from: repository, into: layout)
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
            var problem = self.error(error)
            if error.kind == .timedOut, receiver.count == start { problem.isPostponed = true }
            throw [.refused, .tooLong].contains(error.kind) ? Self.corrupt(problem) : problem
        }
        guard response.isSuccess else {
            var problem = readingError("reading \(blob.digest)", response)
            // Without a range it may be another answer.
            if start > 0 { problem.isWorthAnother = true }
            throw problem
        }
        try finish(receiver)
    }

    private func finish(_ receiver: BlobReceiver) throws(RegistryError) {
        do throws(OCIError) {
            try receiver.finish()
        } catch {
            let problem = RegistryError(error)
            if case .malformed = error { throw Self.corrupt(problem) }
            throw problem
        }
    }

    /// It may have been spoilt on its way; if it comes like that each time, it is so in the registry.
    private static func corrupt(_ problem: RegistryError) -> RegistryError {
        var problem = problem
        (problem.isWorthAnother, problem.status) = (true, 200)
        problem.remedy =
            "the registry's copy of it is broken: push that image again, or see what the registry's log says"
        return problem
    }

    private static func receiver(_ blob: Descriptor, _ layout: ImageLayout) throws(RegistryError) -> BlobReceiver {
        do throws(OCIError) { return try BlobReceiver(blob, into: layout) } catch { throw RegistryError(error) }
    }
}

extension RegistryError {
    init(_ error: OCIError) { self.init(error.reason, remedy: error.remedy) }
}
