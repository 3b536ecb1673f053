/// What tests need of the system that neither Foundation nor the Glibc module offers.

import Foundation
import Synchronization

enum Permissions {
    private typealias SetUser = @convention(c) (UInt32) -> Int32

    /// Runs the body with the file permissions of a user who owns nothing, on this thread only.
    static func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard geteuid() == 0, let symbol = dlsym(nil, "setfsuid") else { return try body() }
        // The function has this signature in every libc for Linux.
        let setUser = unsafeBitCast(symbol, to: SetUser.self)
        _ = setUser(65534)
        defer { _ = setUser(0) }
        return try body()
    }
}

/// Is set once.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
