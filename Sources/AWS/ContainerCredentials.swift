/// Credentials of the role of a container, as ECS, EKS and CodeBuild give them.

internal import HTTP
internal import OCI

extension CredentialFinder {
    /// nil outside of such containers.
    func containerCredentials() async throws(AWSError) -> AWSCredentials? {
        guard let address = try containerAddress() else { return nil }
        var request = HTTPRequest("GET", address)
        request.trust = settings.trust
        request.set("Accept", "application/json")
        if let token = try containerToken() {
            parts.secrets.add(token)
            request.set("Authorization", token)
        }
        let provider = "the container's role"
        let response = try await containerAnswer(request)
        guard let json = try? JSON(parsing: response.body, subject: provider),
            let credentials = AWSCredentials(json, token: "Token", provider: provider)
        else { throw containerProblem("it answers without credentials (status \(response.status))") }
        return credentials
    }

    /// Over plain HTTP only to this machine, and to the addresses at which ECS and EKS listen.
    private func containerAddress() throws(AWSError) -> WebAddress? {
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].filled {
            guard path.hasPrefix("/"), let address = WebAddress(parsing: "http://169.254.170.2\(path)") else {
                throw containerProblem("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path")
            }
            return address
        }
        guard let text = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].filled else { return nil }
        guard let address = WebAddress(parsing: text) else {
            throw containerProblem("AWS_CONTAINER_CREDENTIALS_FULL_URI is no address")
        }
        let known = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        guard address.scheme == "https" || HostKind(address.host) == .loopback || known.contains(address.host) else {
            throw containerProblem(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to \(address.host), which is neither https nor this machine"
            )
        }
        return address
    }

    private func containerToken() throws(AWSError) -> String? {
        var token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"].filled
        if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].filled {
            let files = AWSFiles(environment)
            guard let text = files.text(files.expanded(path)) else { throw containerProblem("\(path) can't be read") }
            token = String(text.trimmed)
        }
        if let token, token.contains(where: \.isNewline) { throw containerProblem("its token has a line break in it") }
        return token
    }

    private func containerAnswer(_ request: HTTPRequest) async throws(AWSError) -> HTTPResponse {
        var problem = ""
        for attempt in 1...AWSLimits.containerAttempts {
            do throws(HTTPError) {
                let response = try await parts.send(request, within: AWSLimits.containerTime)
                if response.status == 200 { return response }
                problem = "it answers with status \(response.status)"
            } catch {
                problem = error.reason
            }
            if Task.isCancelled { throw .notNeeded }
            guard attempt < AWSLimits.containerAttempts else { break }
            do { try await parts.pause(AWSLimits.containerPause) } catch { throw .notNeeded }
        }
        throw containerProblem(problem, isTransient: true)
    }

    private func containerProblem(_ reason: String, isTransient: Bool = false) -> AWSError {
        AWSError(
            "the container's role gives no credentials: \(parts.secrets.redact(reason))",
            remedy: "check the task's or the pod's role, and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or …_FULL_URI",
            isTransient: isTransient
        )
    }
}
