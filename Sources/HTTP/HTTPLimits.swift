/// Limits of requests, in one place.

package enum HTTPLimits {
    /// Of an answer that is kept in memory, in bytes: no manifest, token or error is longer.
    package static let longestBody = 8 << 20
}
