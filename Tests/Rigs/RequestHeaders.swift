/// Headers as the servers record them: pairs in the order in which they came.

import Foundation

enum RequestHeaders {
    /// The first value, whatever case the name is in.
    static func value(of name: String, in headers: [[String]]) -> String? {
        headers.first { $0.first?.caseInsensitiveCompare(name) == .orderedSame }?.last
    }
}
