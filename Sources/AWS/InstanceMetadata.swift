/// EC2's metadata service, version 2: the region of this machine, and the credentials of its role.

internal import HTTP
internal import OCI

struct InstanceMetadata: Sendable {
    private let parts: AWSParts
    private let endpoint: String
    let isDisabled: Bool

    init(_ parts: AWSParts, _ profile: AWSSection) {
        self.parts = parts
        let environment = parts.environment
        isDisabled = environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true"
        let mode =
            environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"].filled
            ?? profile["ec2_metadata_service_endpoint_mode"]
        endpoint =
            environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"].filled
            ?? profile["ec2_metadata_service_endpoint"].filled
            ?? (mode?.lowercased() == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254")
    }

    /// nil where this is no machine of EC2.
    func region() async throws(AWSError) -> String? {
        guard let token = try await token() else { return nil }
        return try await text("placement/region", token)
    }

    /// nil where this is no machine of EC2, or has no role.
    func credentials() async throws(AWSError) -> AWSCredentials? {
        guard let token = try await token(), let roles = try await text("iam/security-credentials/", token),
            let role = roles.split(whereSeparator: \.isNewline).first,
            let answer = try await text("iam/security-credentials/\(WebAddress.encoded(String(role)))", token)
        else { return nil }
        let provider = "EC2's role \(role)"
        guard let json = try? JSON(parsing: Array(answer.utf8), subject: provider),
            let credentials = AWSCredentials(json, token: "Token", provider: provider)
        else {
            throw AWSError(
                "EC2's metadata service gives no credentials of the role \(role)",
                remedy: "look at the instance profile, and at whether EC2 may assume its role"
            )
        }
        return credentials
    }

    /// Version 1, which goes without, is not spoken: any program that fetches addresses could be made to ask it.
    private func token() async throws(AWSError) -> String? {
        guard !isDisabled else { return nil }
        var request = try request("PUT", "api/token")
        request.set("x-aws-ec2-metadata-token-ttl-seconds", AWSLimits.metadataToken)
        guard let token = try await text(request) else { return nil }
        parts.secrets.add(token)
        return token
    }

    private func text(_ path: String, _ token: String) async throws(AWSError) -> String? {
        var request = try request("GET", "meta-data/\(path)")
        request.set("x-aws-ec2-metadata-token", token)
        return try await text(request)
    }

    private func request(_ method: String, _ path: String) throws(AWSError) -> HTTPRequest {
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        guard let address = WebAddress(parsing: "\(base)/latest/\(path)") else {
            throw AWSError(
                "the endpoint of EC2's metadata service is no address",
                remedy: "set AWS_EC2_METADATA_SERVICE_ENDPOINT as in `http://169.254.169.254`"
            )
        }
        return HTTPRequest(method, address)
    }

    /// One try: elsewhere than in EC2 nobody answers.
    private func text(_ request: HTTPRequest) async throws(AWSError) -> String? {
        let response = try? await parts.send(request, within: AWSLimits.metadataTime)
        if Task.isCancelled { throw .notNeeded }
        guard let response, response.status == 200, !response.body.isEmpty else { return nil }
        return String(decoding: response.body, as: UTF8.self)
    }
}

extension AWSParts {
    /// Gives up after a while, as requests to hosts that are on this machine or nowhere do.
    func send(_ request: HTTPRequest, within limit: Duration) async throws(HTTPError) -> HTTPResponse {
        let late = HTTPError(.timedOut, request.address, "no answer within \(limit)")
        let first = await withTaskGroup(of: Result<HTTPResponse, HTTPError>.self) { group in
            group.addTask {
                do throws(HTTPError) { return .success(try await send(request)) } catch { return .failure(error) }
            }
            group.addTask {
                try? await pause(limit)
                return .failure(late)
            }
            let first = await group.next()
            group.cancelAll()
            return first
        }
        return try (first ?? .failure(late)).get()
    }
}
