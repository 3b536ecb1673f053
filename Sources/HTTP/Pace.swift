/// Whether a transfer gets on: one that stands still, or drips, is given up.

/// Moments are milliseconds since the transfer began.
struct Pace: Sendable {
    private let times: HTTPTimes
    private let isLarge: Bool
    private let storeSeconds: Int
    private let mayNotDrip: Bool
    /// The bytes so far when something moved last, and when that was.
    private var last = (bytes: 0, at: 0)
    /// The same when its speed was looked at last.
    private var start = (bytes: 0, at: 0)

    /// Whatever drips in small requests is ended by their time-out.
    init(_ request: HTTPRequest, _ times: HTTPTimes) {
        self.times = times
        isLarge = request.body.isLarge
        // A PUT without a body may end something large that came in pieces.
        storeSeconds = isLarge || request.body.length == 0 ? times.storeSeconds : times.smallStoreSeconds
        if case .stream = request.sink { mayNotDrip = true } else { mayNotDrip = isLarge }
    }

    /// Why it is given up; nil where it goes on.
    ///
    /// While the other side stores what it has got, nothing moves, and that is in order for longer.
    mutating func fault(bytes: Int, isStored: Bool, at moment: Int) -> String? {
        if bytes != last.bytes || last.at == 0 { last = (bytes, moment) }
        let limit = isStored ? storeSeconds : isLarge ? times.longStallSeconds : times.stallSeconds
        if moment - last.at >= limit * 1000 { return "nothing moved for \(limit) s" }
        if isStored || start.at == 0 { start = (bytes, moment) }
        guard mayNotDrip, moment - start.at >= times.dripSeconds * 1000 else { return nil }
        if bytes - start.bytes < times.dripSeconds * HTTPLimits.slowest {
            return "less than \(HTTPLimits.slowest) bytes a second came through for \(times.dripSeconds) s"
        }
        start = (bytes, moment)
        return nil
    }
}
