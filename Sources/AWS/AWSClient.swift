/// Sends signed requests to AWS, and sends again what may go well then: throttled, dropped, expired, skewed.

package import HTTP
package import OCI
internal import Synchronization

/// What a client needs of its process.
package struct AWSParts: Sendable {
    package var environment: [String: String]
    package var send: HTTPSend
    package var pause: HTTPPause
    /// Seconds since 1970 by this machine's clock.
    package var now: @Sendable () -> Int
    package var secrets: Secrets
    package var chance: @Sendable () -> Double = { .random(in: 0...1) }

    package init(
        environment: [String: String],
        send: @escaping HTTPSend,
        pause: @escaping HTTPPause,
        now: @escaping @Sendable () -> Int,
        secrets: Secrets = Secrets()
    ) {
        (self.environment, self.send, self.pause, self.now) = (environment, send, pause, now)
        self.secrets = secrets
    }
}

/// Gives credentials: those that are known and last, or new ones.
package protocol AWSCredentialSource: Sendable {
    /// `refused` are those that AWS did not take any more: others are found, where there are any.
    func credentials(insteadOf refused: AWSCredentials?) async throws(AWSError) -> AWSCredentials
}

package final class AWSClient: Sendable {
    package let region: String
    let parts: AWSParts
    private let endpoint: @Sendable (AWSService) throws(AWSError) -> WebAddress
    let source: (any AWSCredentialSource)?
    private let attempts: Int
    private let trust: HTTPTrust
    private let state = Mutex(State())

    private struct State {
        /// AWS's clock less ours, in seconds.
        var skew = 0
        /// What may still be tried again: a service that is down is not asked three times as often.
        var tokens = AWSLimits.retryTokens
    }

    /// Without a source requests are not signed.
    package init(
        region: String,
        parts: AWSParts,
        endpoint: @escaping @Sendable (AWSService) throws(AWSError) -> WebAddress,
        source: (any AWSCredentialSource)?,
        trust: HTTPTrust = HTTPTrust()
    ) {
        (self.region, self.parts, self.endpoint, self.source, self.trust) = (region, parts, endpoint, source, trust)
        let asked = parts.environment["AWS_MAX_ATTEMPTS"].flatMap { Int($0) } ?? AWSLimits.attempts
        attempts = max(1, min(asked, AWSLimits.mostAttempts))
    }

    /// AWS's clock less ours, in seconds, as far as it mattered.
    package var skew: Int { state.withLock(\.skew) }

    /// Seconds since 1970 by AWS's clock.
    package var now: Int { parts.now() + skew }

    package func address(_ service: AWSService) throws(AWSError) -> WebAddress { try endpoint(service) }

    // MARK: Protocols

    /// JSON 1.1, as ECR, CodeBuild, CodePipeline and Logs speak it.
    package func call(_ service: AWSService, _ operation: String, _ input: JSON) async throws(AWSError) -> JSON {
        var request = HTTPRequest("POST", try address(service))
        request.set("Content-Type", "application/x-amz-json-1.1")
        request.set("X-Amz-Target", "\(service.target ?? service.rawValue).\(operation)")
        request.body = .bytes(input.encoded())
        return try json(try await send(request, service, operation), service, operation)
    }

    /// JSON over paths, as Lambda and the SSO portal speak it; `path` begins with `/` and is encoded.
    package func rest(
        _ service: AWSService,
        _ operation: String,
        _ method: String,
        _ path: String,
        _ input: JSON? = nil
    ) async throws(AWSError) -> JSON {
        var request = HTTPRequest(method, try resolved(path, try address(service)))
        if let input {
            request.set("Content-Type", "application/json")
            request.body = .bytes(input.encoded())
        }
        return try json(try await send(request, service, operation), service, operation)
    }

    /// Forms and XML, as STS and CloudFormation speak them: what stands in `OPERATIONResult`.
    package func query(
        _ service: AWSService,
        _ operation: String,
        _ parameters: [(name: String, value: String)]
    ) async throws(AWSError) -> XMLNode {
        var request = HTTPRequest("POST", try address(service))
        request.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        let all = [("Action", operation), ("Version", service.version ?? "")] + parameters.map { ($0.name, $0.value) }
        let form = all.map { "\(WebAddress.encoded($0.0))=\(WebAddress.encoded($0.1))" }.joined(separator: "&")
        request.body = .bytes(Array(form.utf8))
        let response = try await send(request, service, operation)
        guard let root = XMLNode(parsing: response.body) else { throw unreadable(service, operation) }
        return root["\(operation)Result"] ?? root
    }

    func resolved(_ path: String, _ base: WebAddress) throws(AWSError) -> WebAddress {
        let prefix = base.description.hasSuffix("/") ? String(base.description.dropLast()) : base.description
        guard let address = WebAddress(parsing: prefix + path) else {
            throw AWSError("\(prefix)\(path) is no address", remedy: "check the endpoint and the names in `aws:`")
        }
        return address
    }

    private func json(
        _ response: HTTPResponse,
        _ service: AWSService,
        _ operation: String
    ) throws(AWSError) -> JSON {
        if response.body.isEmpty { return .object([]) }
        guard let json = try? JSON(parsing: response.body, subject: "an answer of AWS") else {
            throw unreadable(service, operation)
        }
        return json
    }

    private func unreadable(_ service: AWSService, _ operation: String) -> AWSError {
        AWSError(
            "\(service.rawValue) \(operation): what was answered can't be read",
            remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
        )
    }

    // MARK: Sending

    /// Signed, and sent again as long as that may help; throws what is no success.
    package func send(
        _ request: HTTPRequest,
        _ service: AWSService,
        _ operation: String
    ) async throws(AWSError) -> HTTPResponse {
        var request = request
        request.trust = trust
        var refused: AWSCredentials?
        var isCorrected = false
        var attempt = 1
        while true {
            let credentials = try await source?.credentials(insteadOf: refused)
            let skew = skew
            let result = await once(request, service, credentials)
            if case .success(let response) = result, response.isSuccess {
                noteSuccess(after: attempt)
                return response
            }
            let failure = (try? result.get()).map { AWSFailure($0) }
            // Neither costs an attempt: the same request goes well with the right clock, or with new credentials.
            if let failure, failure.isSkewed || failure.status == 403, !isCorrected,
                correctSkew(try? result.get(), sentWith: skew)
            {
                isCorrected = true
                continue
            }
            if let failure, failure.isExpired || failure.saysNothing(to: request), refused == nil, let credentials,
                let others = try? await source?.credentials(insteadOf: credentials), others != credentials
            {
                refused = credentials
                continue
            }
            let error = error(result, failure, service, operation)
            guard attempt < attempts, !Task.isCancelled, mayRetry(error, failure) else { throw error }
            let wait = wait(after: attempt, error)
            do { try await parts.pause(wait) } catch { throw .notNeeded }
            attempt += 1
        }
    }

    private func once(
        _ request: HTTPRequest,
        _ service: AWSService,
        _ credentials: AWSCredentials?
    ) async -> Result<HTTPResponse, HTTPError> {
        var request = request
        if let credentials {
            for secret in credentials.secrets { parts.secrets.add(secret) }
            request = SigV4(credentials, region: region, service: service.signingName).signed(request, now: now)
        }
        do throws(HTTPError) { return .success(try await parts.send(request)) } catch { return .failure(error) }
    }

    private func error(
        _ result: Result<HTTPResponse, HTTPError>,
        _ failure: AWSFailure?,
        _ service: AWSService,
        _ operation: String
    ) -> AWSError {
        switch result {
        case .failure(let error): AWSError(error, hiding: parts.secrets)
        case .success:
            AWSError(
                "\(service.rawValue) \(operation)",
                service,
                operation,
                failure ?? AWSFailure(status: 0),
                hiding: parts.secrets
            )
        }
    }

    // MARK: Trying again

    /// Source: botocore's standard mode (a bucket of 500, 5 for each new try, 10 after a time-out).
    private func mayRetry(_ error: AWSError, _ failure: AWSFailure?) -> Bool {
        guard error.isTransient else { return false }
        let cost = failure == nil ? AWSLimits.costAfterSilence : AWSLimits.cost
        return state.withLock { state in
            guard state.tokens >= cost else { return false }
            state.tokens -= cost
            return true
        }
    }

    private func noteSuccess(after attempt: Int) {
        let gain = attempt == 1 ? 1 : AWSLimits.cost
        state.withLock { $0.tokens = min($0.tokens + gain, AWSLimits.retryTokens) }
    }

    private func wait(after attempt: Int, _ error: AWSError) -> Duration {
        if let asked = error.retryAfter { return min(asked, AWSLimits.longestPause) }
        let most = min(Duration.seconds(1 << min(attempt - 1, 10)), AWSLimits.longestPause)
        return most * parts.chance()
    }

    // MARK: The clock

    /// Whether AWS's clock turned out to be another than was thought when the request was sent.
    private func correctSkew(_ response: HTTPResponse?, sentWith sent: Int) -> Bool {
        guard let theirs = response?["Date"].flatMap(HTTPDate.seconds) else { return false }
        let skew = theirs - parts.now()
        return state.withLock { state in
            guard abs(skew - sent) > AWSLimits.tolerableSkew else { return false }
            // Another request may have found that out meanwhile.
            state.skew = skew
            return true
        }
    }
}

/// Limits of requests to AWS, in one place.
package enum AWSLimits {
    static let attempts = 3
    static let mostAttempts = 20
    static let retryTokens = 500
    static let cost = 5
    static let costAfterSilence = 10
    static let longestPause = Duration.seconds(20)
    /// In seconds; AWS itself takes 15 minutes.
    static let tolerableSkew = 240
    /// So long before they end credentials are renewed where that is possible, and from when on they must be; seconds.
    static let advisoryRefresh = 900
    static let mandatoryRefresh = 600
    /// Between two tries to renew what still lasts, in seconds.
    static let refreshPause = 60
    /// How long EC2's metadata service may take for an answer, and how long its token lasts, in seconds.
    static let metadataTime = Duration.seconds(1)
    static let metadataToken = "21600"
    /// The same of what gives credentials to containers, how often it is asked, and how long is waited in between.
    static let containerTime = Duration.seconds(2)
    static let containerAttempts = 3
    static let containerPause = Duration.milliseconds(500)
    /// How long a `credential_process` may take, in milliseconds: it may ask a person.
    static let process = 60_000
    /// Of what such a program writes, in bytes.
    static let longestOutput = 1 << 20
}

extension AWSFailure {
    /// `{"__type": "ns#Code:uri", "message": …}`, or `<Error><Code>…`; anything else says nothing but its status.
    init(_ response: HTTPResponse) {
        status = response.status
        retryAfter =
            response["x-amz-retry-after"].flatMap { Int($0) }.map { .milliseconds($0) }
            ?? Backoff.retryAfter(response)
        var code = response["x-amzn-ErrorType"] ?? ""
        if let json = try? JSON(parsing: response.body, subject: "an error") {
            code = json["__type"]?.text ?? (code.isEmpty ? json["code"]?.text ?? json["error"]?.text ?? "" : code)
            message = json["message"]?.text ?? json["Message"]?.text ?? json["error_description"]?.text ?? ""
        } else if let root = XMLNode(parsing: response.body), root.name != "html" {
            let error = root["Error"] ?? root["Errors"]?["Error"] ?? root
            code = error["Code"]?.text ?? code
            message = error["Message"]?.text ?? ""
        }
        let name = code.split(separator: "#").last ?? ""
        self.code = String(name.prefix { $0 != ":" })
        message = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
