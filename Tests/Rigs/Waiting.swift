/// Looks again and again at what can only be asked, and lets other work go on between two looks.

import Foundation

package enum Waiting {
    /// So many seconds a test waits before it gives up; generous, since nothing is measured.
    static let patience: TimeInterval = 120

    package static func until<Found>(_ what: String, _ look: () throws -> Found?) async throws -> Found {
        let deadline = Date(timeIntervalSinceNow: patience)
        while Date() < deadline {
            if let found = try look() { return found }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        }
        throw RigFailure("waited for \(what)")
    }
}
