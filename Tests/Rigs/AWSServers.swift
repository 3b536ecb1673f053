/// AWS on loopback: signatures that are checked, builds that run, a registry, functions, and faults on demand.

package import Foundation
import Synchronization

package final class AWSServers: Sendable {
    private struct First: Decodable {
        var endpoint: String
        var registry: String
        var key: String
        var secret: String
        var region: String
        var account: String
        var folder: String
    }

    private let process: RigProcess
    private let first: First

    /// What `scripts/setup test` has installed: `python3`, which has boto3, `aws`, or `cfn-lint`.
    package static func tool(_ name: String) -> MachineProgram { MachineProgram(path: "\(Botocore.tools)/bin/\(name)") }

    package static let isInstalled =
        FileManager.default.fileExists(atPath: Botocore.tools + "/installed")
        && ["docker-registry", "buildah", "bash"].allSatisfy { MachineProgram($0) != nil }

    /// Those that tests share which name everything anew; nil where they cannot run.
    package static let shared = Task<AWSServers?, Never> {
        guard isInstalled else { return nil }
        do {
            return try await start()
        } catch {
            FileHandle.standardError.write(Data("no AWS for tests: \(error)\n".utf8))
            return nil
        }
    }

    private init(_ process: RigProcess) throws {
        self.process = process
        first = try process.first(as: First.self)
    }

    /// The next ones, which come up while a test is busy with those before: most of a start is Python's imports.
    private static let next = Mutex<Task<AWSServers, any Error>?>(nil)

    private static func begin() -> Task<AWSServers, any Error> {
        Task {
            try await onThread { try AWSServers(RigProcess("aws/gate", Empty(), python: tool("python3").path)) }
        }
    }

    /// An empty account of its own.
    package static func start() async throws -> AWSServers {
        let ready = next.withLock { next in
            defer { next = nil }
            return next
        }
        let servers = try await (ready ?? begin()).value
        next.withLock { $0 = $0 ?? begin() }
        return servers
    }

    /// As `http://127.0.0.1:1`: that of every service.
    package var endpoint: String { first.endpoint }
    /// HOST:PORT of ECR's registry.
    package var registry: String { first.registry }
    package var region: String { first.region }
    package var account: String { first.account }
    package var key: String { first.key }
    package var secret: String { first.secret }

    /// What a client needs to find it, and nothing else of AWS.
    package var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": first.folder + "/no-config", "AWS_SHARED_CREDENTIALS_FILE": first.folder + "/no-keys",
        ]
    }

    /// Carries out an operation by the name that boto3 has for it, unsigned, unrecorded and unspoiled.
    ///
    /// Bodies go in as text, or as `base64:` and more; they come out as text.
    @discardableResult
    package func call(_ service: String, _ operation: String, _ parameters: JSONValue = [:]) throws -> JSONValue {
        let fields: JSONValue = ["service": .text(service), "operation": .text(operation), "parameters": parameters]
        return try process.tell("call", fields, as: JSONValue.self) ?? .null
    }
}

/// What it saw.
extension AWSServers {
    package struct Entry: Decodable, Sendable {
        /// Seconds since 1970.
        package var time: Double
        /// By its name in signatures; `registry` for ECR's registry.
        package var service: String
        /// As `StartBuild`; `manifests`, `blobs` or `tags` of the registry.
        package var operation: String
        package var method: String
        package var path: String
        /// Bytes of the body.
        package var size: Int
        /// nil where it was not answered.
        package var status: Int?
        /// The error's code; `dropped` or `dropped after` where a fault ended the connection; else empty.
        package var verdict: String
        /// `user`, `build` for what a build's commands did, or another access key.
        package var caller: String

        package var name: String { "\(service) \(operation)" }
    }

    package struct Request: Decodable, Sendable {
        package var operation: String
        package var path: String
        private var headers: [[String]]
        /// Its first 4 MiB.
        package var body: Data

        package func header(_ name: String) -> String? { RequestHeaders.value(of: name, in: headers) }

        /// Whether the text stands in the request line, the headers or the body.
        package func contains(_ text: String) -> Bool {
            let head = [path] + headers.flatMap { $0 }
            return head.contains { $0.contains(text) } || body.range(of: Data(text.utf8)) != nil
        }
    }

    /// Every request, in the order in which they came.
    package func log() throws -> [Entry] { try process.ask("log", as: [Entry].self) }

    /// Those of the caller, by default whoever is tested, with a match of the expression in `SERVICE OPERATION`.
    package func log(_ pattern: String, by caller: String = "user") throws -> [Entry] {
        try log().filter { $0.caller == caller && $0.name.range(of: pattern, options: .regularExpression) != nil }
    }

    /// Whole requests with a match in `SERVICE OPERATION` or `METHOD PATH`: to look for what must not be in them.
    package func requests(_ pattern: String = "") throws -> [Request] {
        try process.tell("requests", ["match": pattern], as: [Request].self) ?? []
    }

    package func clearLog() throws { try process.tell("clear") }
}

/// What it is told to do.
extension AWSServers {
    package struct Fault: Encodable, Sendable {
        private var match: String
        private var times: Int
        private var status: Int?
        private var code: String?
        private var message: String?
        private var delay: Double?
        private var drop: Bool?
        private var dropAfter: Bool?
        private var hold: Bool?
        private var headers: [String: String]?

        private init(_ match: String, _ times: Int) { (self.match, self.times) = (match, times) }

        private func changed(_ change: (inout Fault) -> Void) -> Fault {
            var copy = self
            change(&copy)
            return copy
        }

        /// The expression is looked for in `SERVICE OPERATION` and in `METHOD PATH`; here and below.
        package static func refuse(
            _ match: String,
            _ status: Int,
            _ code: String,
            times: Int = 1
        ) -> Fault {
            Fault(match, times).changed { ($0.status, $0.code) = (status, code) }
        }

        /// The connection ends before the request is carried out.
        package static func drop(_ match: String, times: Int = 1) -> Fault {
            Fault(match, times).changed { $0.drop = true }
        }

        /// It is carried out, and the connection ends without an answer.
        package static func dropAfter(_ match: String, times: Int = 1) -> Fault {
            Fault(match, times).changed { $0.dropAfter = true }
        }

        /// Nothing goes on until `release()`, or a minute has passed.
        package static func hold(_ match: String, times: Int = 1) -> Fault {
            Fault(match, times).changed { $0.hold = true }
        }

        package static func delay(_ match: String, seconds: Double, times: Int = 1) -> Fault {
            Fault(match, times).changed { $0.delay = seconds }
        }

        /// The answer has these headers as well.
        package func adding(_ headers: [String: String]) -> Fault { changed { $0.headers = headers } }

        /// The error says this.
        package func saying(_ message: String) -> Fault { changed { $0.message = message } }
    }

    /// A field that is nil is left as it is.
    package struct Settings: Encodable, Sendable {
        /// So many builds run at once, and the others are queued: 4 at first.
        package var concurrency: Int?
        /// Seconds in PROVISIONING: none at first.
        package var provisioning: Double?
        /// Seconds of a minute of CodeBuild's limits: 60 at first.
        package var minute: Double?
        /// Seconds for which a function is Pending or InProgress: 0.1 at first.
        package var lambdaUpdate: Double?
        /// Reason code and reason with which updates end as Failed; `[]` for none.
        package var lambdaFailure: [String]?
        /// So many of the next builds end as FAULT, before they have begun: none at first.
        package var faultyBuilds: Int?
        /// Seconds for which a password of the registry is good: 12 hours at first.
        package var tokenLife: Double?

        package init() {}
    }

    /// Replaces the rules; the first that fits a request is applied.
    package func faults(_ rules: [Fault]) throws { try process.tell("faults", ["rules": rules]) }

    /// What is held goes on.
    package func release() throws { try process.tell("release") }

    /// The services' clock goes ahead by so much, or behind.
    package func skew(_ seconds: Double) throws { try process.tell("skew", ["seconds": seconds]) }

    package func settings(_ change: (inout Settings) -> Void) throws {
        var settings = Settings()
        change(&settings)
        try process.tell("settings", settings)
    }

    /// Whoever shows these may do everything; `expiresIn`: seconds, also less than none.
    package func credentials(_ key: String, _ secret: String, token: String? = nil, expiresIn: Double? = nil) throws {
        let fields: JSONValue = [
            "key": .text(key), "secret": .text(secret), "token": token.map { .text($0) } ?? .null,
            "expiresIn": expiresIn.map { .number($0) } ?? .null,
        ]
        try process.tell("credentials", fields)
    }
}
