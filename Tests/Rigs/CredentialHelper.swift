/// A credential helper as Docker calls them, whose answers a test writes down, and which writes down its calls.

import Foundation

package final class CredentialHelper: Sendable {
    package enum Answer: Sendable {
        case credentials(user: String, secret: String)
        /// Docker's way to say that one may stay anonymous.
        case unknown
        case failure(String)
        /// Whatever this is.
        case text(String)
        /// Nothing, for as long as the helper's folder is there.
        case hang
    }

    package struct Call: Sendable {
        /// `get`, as a rule.
        package var arguments: [String]
        package var input: String
        /// Seconds since 1970.
        package var time: Double
    }

    private let folder: RigFolder
    package let name: String
    /// The folder to put into PATH.
    package var path: String { folder.path }

    private init(_ folder: RigFolder, _ name: String) { (self.folder, self.name) = (folder, name) }

    /// Makes `docker-credential-NAME`, with answers by what comes on standard input: the server, as it stands in the
    /// configuration.
    ///
    /// `seconds`: how long it takes for an answer.
    package static func make(
        _ name: String,
        _ answers: [String: Answer],
        seconds: Double = 0
    ) throws -> CredentialHelper {
        let folder = try RigFolder()
        var cases = ""
        for (number, (server, answer)) in answers.sorted(by: { $0.key < $1.key }).enumerated() {
            let file = try folder.write("answers/\(number)", text(answer, server: server))
            let end =
                switch answer {
                case .hang: #"while [ -d "$folder" ]; do sleep 0.1; done"#
                case .credentials, .text: "cat \(quoted(file)); exit 0"
                case .unknown, .failure: "cat \(quoted(file)); exit 1"
                }
            cases += "\(quoted(server))) \(end) ;;\n"
        }
        try folder.write(
            "docker-credential-\(name)",
            """
            #!/bin/sh
            folder=\(quoted(folder.path)) input=$(cat)
            call=$(mktemp "$folder/new.XXXXXX")
            { date +%s.%N; printf '%s\\n' "$*"; printf %s "$input"; } >"$call"
            mkdir -p "$folder/calls" && mv "$call" "$folder/calls/"
            sleep \(seconds)
            case $input in
            \(cases)*) echo "credentials not found in native keychain"; exit 1 ;;
            esac

            """,
            mode: 0o755
        )
        return CredentialHelper(folder, name)
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
    }

    private static func text(_ answer: Answer, server: String) throws -> String {
        switch answer {
        case .credentials(let user, let secret):
            let fields = ["ServerURL": server, "Username": user, "Secret": secret]
            return String(decoding: try JSONEncoder().encode(fields), as: UTF8.self) + "\n"
        case .unknown: return "credentials not found in native keychain\n"
        case .failure(let text), .text(let text): return text
        case .hang: return ""
        }
    }

    /// In the order in which it was called.
    package func calls() throws -> [Call] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/calls")) ?? []
        let calls = try names.map { name in
            let text = try String(contentsOfFile: "\(path)/calls/\(name)", encoding: .utf8)
            let parts = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let time = Double(parts[0]) else { throw RigFailure("no call: \(text)") }
            return Call(arguments: parts[1].split(separator: " ").map(String.init), input: parts[2], time: time)
        }
        return calls.sorted { $0.time < $1.time }
    }
}
