/// Limits of pushes and pulls, in one place.

package enum RegistryLimits {
    /// Of a manifest or an index, in bytes; registries take 4 MiB.
    package static let longestManifest = 4 << 20
}
