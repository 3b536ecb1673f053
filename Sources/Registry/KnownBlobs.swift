/// What a registry is known to hold: what it was seen to have, or was given, lately.

internal import OCI
internal import Synchronization

/// A registry that collects garbage forgets, so our knowledge ends, too.
final class KnownBlobs: Sendable {
    /// What is on its way to some repository: who wants it elsewhere waits, and mounts it.
    let sending = SharedAnswers<Digest, Void>()
    /// What is on its way here.
    let fetching = SharedAnswers<Digest, Void>()
    /// For large blobs that are sent: what is small always finds its way beside them.
    ///
    /// Who waits has not asked for a token yet.
    let large = Slots(RegistryLimits.transfers)
    private let now: @Sendable () -> Duration
    private let blobs = Mutex<[String: [Digest: Duration]]>([:])

    init(now: @escaping @Sendable () -> Duration) { self.now = now }

    func contains(_ digest: Digest, in repository: String) -> Bool {
        let oldest = now() - RegistryLimits.knowledge
        return blobs.withLock { ($0[repository]?[digest]).map { $0 >= oldest } ?? false }
    }

    func insert(_ digest: Digest, in repository: String) {
        let moment = now()
        blobs.withLock { $0[repository, default: [:]][digest] = moment }
    }

    /// The registry contradicts what was known of a repository.
    func forget(_ repository: String) { blobs.withLock { $0[repository] = nil } }

    /// Another repository that has the blob, the first by name.
    func repository(with digest: Digest, besides repository: String) -> String? {
        let names = blobs.withLock { all in all.filter { $0.value[digest] != nil }.map(\.key) }
        return names.filter { $0 != repository }.min()
    }
}
