/// Why AWS did not do what it was asked for, in words for the user.

package import HTTP

package struct AWSError: Error, Hashable, Sendable {
    /// One sentence, without a full stop; no credential is in it.
    package var reason: String
    /// What the user can do; one line, without a full stop.
    package var remedy: String
    /// Whether the same may go well later, by itself.
    package var isTransient: Bool
    package var isCancelled = false
    /// AWS's own name of the failure, like `ResourceNotFoundException`.
    package var code: String?
    package var status: Int?
    /// How long AWS wants to be left alone, where it says so.
    package var retryAfter: Duration?

    /// Without a word that came from a server.
    package init(_ reason: String, remedy: String, isTransient: Bool = false) {
        (self.reason, self.remedy, self.isTransient) = (reason, remedy, isTransient)
    }

    package static var notNeeded: AWSError {
        var error = AWSError("it is not needed any more", remedy: "")
        error.isCancelled = true
        return error
    }

    package init(_ error: HTTPError, hiding secrets: Secrets) {
        self.init(
            secrets.redact("\(error.address): \(error.reason)"),
            remedy: error.remedy ?? Self.remedy(error.kind),
            isTransient: error.isTransient
        )
        (isCancelled, retryAfter) = (error.kind == .cancelled, error.retryAfter)
    }

    private static func remedy(_ kind: HTTPError.Kind) -> String {
        switch kind {
        case .untrusted: "check the endpoint, AWS_CA_BUNDLE and this machine's clock"
        case .unreachable, .timedOut, .cut:
            "check the network, the region and the endpoint; it is tried again by itself"
        default: "`imgwatch aws doctor` looks at region, endpoints and credentials"
        }
    }

    /// An answer that is a refusal; `what` is like `codebuild StartBuild`.
    init(_ what: String, _ service: AWSService, _ operation: String, _ failure: AWSFailure, hiding secrets: Secrets) {
        let code = failure.code.isEmpty ? "status \(failure.status)" : failure.code
        let message = failure.message.isEmpty ? "" : ": \(failure.message)"
        self.init(
            secrets.redact("\(what): \(code)\(message)"),
            remedy: Self.remedy(service, operation, failure),
            isTransient: failure.isTransient || failure.isThrottling
        )
        (self.code, status, retryAfter) = (
            failure.code.isEmpty ? nil : failure.code, failure.status, failure.retryAfter
        )
    }

    private static func remedy(_ service: AWSService, _ operation: String, _ failure: AWSFailure) -> String {
        if failure.isDenied {
            let action = failure.deniedAction ?? "\(iamPrefix(service)):\(iamAction(service, operation))"
            return "allow \(action) to these credentials; `imgwatch aws template` prints roles that have what is needed"
        }
        if failure.isExpired { return "log in again, as with `aws sso login`, or renew the credentials" }
        switch failure.code {
        case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch",
            "InvalidSignatureException", "AuthFailure":
            return "check the credentials: `imgwatch aws doctor` says where they come from"
        case _ where failure.isThrottling: return "AWS asks for fewer requests; it is tried again by itself"
        case _ where failure.status >= 500: return "AWS has a problem of its own; it is tried again by itself"
        default: return "`imgwatch aws doctor` looks at what AWS has, and at what is missing"
        }
    }

    /// What IAM calls the service.
    private static func iamPrefix(_ service: AWSService) -> String { service.signingName }

    /// IAM's name is not always the operation's.
    private static func iamAction(_ service: AWSService, _ operation: String) -> String {
        switch (service, operation) {
        // Who may not list a bucket is refused for what is not there.
        case (.s3, "HeadObject"): "GetObject, s3:ListBucket"
        case (.s3, "HeadBucket"): "ListBucket"
        default: operation
        }
    }
}

/// What an answer says that is no success.
struct AWSFailure {
    var status: Int
    var code = ""
    var message = ""
    var retryAfter: Duration?

    private static let throttling: Set<String> = [
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException", "TransactionInProgressException",
    ]

    var isThrottling: Bool { status == 429 || Self.throttling.contains(code) }

    var isTransient: Bool {
        // The last one: somebody else puts the same object into a bucket right now.
        [500, 502, 503, 504].contains(status)
            || ["RequestTimeout", "RequestTimeoutException", "ConditionalRequestConflict"].contains(code)
    }

    var isDenied: Bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"].contains(code)
            || status == 403 && code.isEmpty || message.contains("is not authorized to perform")
    }

    var isExpired: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"].contains(code)
    }

    /// S3 answers HEAD without a body: it may be that the credentials have ended.
    func saysNothing(to request: HTTPRequest) -> Bool {
        request.method == "HEAD" && code.isEmpty && [400, 403].contains(status)
    }

    /// The clock of one of us is wrong.
    var isSkewed: Bool {
        ["RequestTimeTooSkewed", "RequestInTheFuture"].contains(code)
            || code.hasPrefix("InvalidSignature")
                && (message.contains("expired") || message.contains("not yet current"))
    }

    /// As AWS names it: "is not authorized to perform: ecr:CreateRepository on resource …".
    var deniedAction: String? {
        guard let start = message.firstRange(of: "not authorized to perform:")?.upperBound else { return nil }
        return message[start...].split(separator: " ").first.map { String($0.trimmingSuffix(while: { $0 == "," })) }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isCut(last) { rest.removeLast() }
        return rest
    }
}
