/// Limits of requests, in one place.

package enum HTTPLimits {
    /// Of an answer that is kept in memory, in bytes: no manifest, token or error is longer.
    package static let longestBody = 8 << 20
    /// Of all the headers of an answer, in bytes.
    static let longestHeaders = 256 << 10
    /// From when on a body counts as large, in bytes.
    package static let largeBody = 1 << 20
    /// Requests to one host at once.
    static let connectionsPerHost = 6
    /// In bytes a second: what is slower for ``HTTPTimes/dripSeconds`` is given up.
    static let slowest = 1024
    static let transferBuffer = 512 << 10
    static let mostRedirects = 5
    package static let attempts = 5
    static let firstPause = Duration.milliseconds(50)
    static let longestPause = Duration.seconds(4)
    /// How long is waited, as `Retry-After` wants it, within one attempt; more ends it.
    static let longestWait = Duration.seconds(60)
}

/// How long a client waits for what; in milliseconds, but for what libcurl counts in whole seconds.
package struct HTTPTimes: Sendable {
    package var connect = 10_000
    /// A connection on which so many seconds nothing moves is given up.
    package var stallSeconds = 10
    /// The same while something large is on its way.
    package var longStallSeconds = 60
    /// The same while whoever took all of it is busy with storing it, and answers after that.
    package var storeSeconds = 120
    /// The same for something small, like a manifest.
    package var smallStoreSeconds = 30
    /// How long something large, or a stream, may drip.
    package var dripSeconds = 60
    /// How long a request may take whose answer is kept in memory and that sends nothing large; not counted what it
    /// may take to store what it sends.
    package var small = 60_000

    package init() {}
}
