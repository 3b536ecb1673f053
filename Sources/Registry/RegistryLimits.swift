/// Limits of pushes and pulls, in one place.

enum RegistryLimits {
    /// Of a manifest or an index, in bytes; registries take 4 MiB.
    static let longestManifest = 4 << 20
    /// Of a configuration, in bytes.
    static let longestConfiguration = 8 << 20
    /// Blobs on their way at once.
    static let transfers = 4
    /// How often one blob is sent, or fetched, anew.
    static let attempts = 4
    /// What must have come between two cuts, in bytes, so that they do not count as two attempts.
    static let progress = 16 << 10
    /// How often a manifest is sent that the registry finds incomplete.
    static let publications = 3
    /// A piece of a chunked upload, in bytes: no registry that is known takes less, and one takes no more.
    static let chunk = 4 << 20
    /// From when on a blob whose upload was cut is sent in pieces, in bytes.
    static let chunkedFrom = 16 << 20
    /// How often at most a helper is asked for another credential, where the one that it gave may have expired.
    static let renewal = Duration.seconds(60)
    /// How long nobody is looked for again where no credential was found.
    static let nobody = Duration.seconds(1)
    /// How long a token that is over is kept out of messages.
    static let hiding = Duration.seconds(900)
    /// How long a blob that was met in a repository is taken to be there.
    static let knowledge = Duration.seconds(900)
}
