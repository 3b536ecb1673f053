/// curl, for requests that the tests of the rigs want to be exactly so.

import Foundation
import Rigs

enum Curl {
    struct Answer: Sendable {
        /// curl's own: 0 where the answer came as it should.
        var exit: Int32
        var status: Int
        var text: String
    }

    static let isInstalled = MachineProgram("curl") != nil

    /// Sends a request; gives up after 20 seconds, or where `seconds` says.
    static func send(_ method: String, _ url: String, _ words: [String] = [], seconds: Int = 20) async throws -> Answer
    {
        guard let curl = MachineProgram("curl") else { throw RigFailure("curl is not installed") }
        let verb = method == "HEAD" ? ["--head"] : ["--request", method]
        let basics = ["--silent", "--max-time", "\(seconds)", "--noproxy", "*", "--write-out", "\n%{http_code}"]
        let outcome = try await curl.run(basics + verb + words + [url])
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let status = lines.last.flatMap { Int($0) } ?? 0
        return Answer(exit: outcome.status, status: status, text: lines.dropLast().joined(separator: "\n"))
    }
}
