/// What builds print, as CloudWatch Logs has it.

internal import OCI

package struct BuildLogs: Sendable {
    private let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    /// Lines, and where the next ones begin.
    package struct Page: Sendable {
        package var lines: [String]
        /// The same as before where nothing follows for now.
        package var next: String?
    }

    /// What follows a place, or the beginning; empty where the build has not said anything yet.
    package func page(_ group: String, _ stream: String, after token: String?) async throws(AWSError) -> Page {
        try await events(
            .fields([
                "logGroupName": .text(group), "logStreamName": .text(stream), "startFromHead": .boolean(true),
                "nextToken": token.map(JSON.text),
            ]),
            else: token
        )
    }

    /// The last lines.
    package func end(_ group: String, _ stream: String, lines: Int) async throws(AWSError) -> [String] {
        let input = JSON.fields([
            "logGroupName": .text(group), "logStreamName": .text(stream), "startFromHead": .boolean(false),
            "limit": .integer(lines),
        ])
        return try await events(input, else: nil).lines
    }

    private func events(_ input: JSON, else token: String?) async throws(AWSError) -> Page {
        do throws(AWSError) {
            let answer = try await client.call(.logs, "GetLogEvents", input)
            let lines = (answer["events"]?.array ?? []).flatMap { event in
                Self.lines(of: event["message"]?.text ?? "")
            }
            return Page(lines: lines, next: answer["nextForwardToken"]?.text ?? token)
        } catch {
            guard error.code == "ResourceNotFoundException" else { throw error }
            return Page(lines: [], next: token)
        }
    }

    private static func lines(of message: String) -> [String] {
        var text = message[...]
        while text.last?.isNewline == true { text.removeLast() }
        return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    }
}
