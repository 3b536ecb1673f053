/// Roles that are assumed: with other credentials, or with the token of another house.

internal import Foundation
internal import HTTP

/// The same credentials whenever somebody asks.
private struct GivenCredentials: AWSCredentialSource {
    let given: AWSCredentials

    func credentials(insteadOf refused: AWSCredentials?) async throws(AWSError) -> AWSCredentials { given }
}

extension CredentialFinder {
    // MARK: With other credentials

    /// nil where the profile names no role, or one for a web identity.
    ///
    /// `visited` are the profiles that led here, with this one.
    func assumedRole(_ name: String, visited: [String]) async throws(AWSError) -> AWSCredentials? {
        let profile = profile(name)
        guard let role = profile["role_arn"], profile["web_identity_token_file"] == nil else { return nil }
        if profile["mfa_serial"] != nil {
            throw AWSError(
                "the profile \(name) wants a code of an MFA device, which nobody can type in here",
                remedy: "take a profile without `mfa_serial`, or one whose `credential_process` asks for the code"
            )
        }
        let source: AWSCredentials
        switch (profile["source_profile"], profile["credential_source"]) {
        case (let other?, nil): source = try await sourceProfile(other, of: name, visited)
        case (nil, let kind?): source = try await credentialSource(kind, of: name)
        case (nil, nil): throw mistake(name, "has a role_arn, and neither source_profile nor credential_source")
        case (_?, _?): throw mistake(name, "has both source_profile and credential_source")
        }
        var parameters = [("RoleArn", role), ("RoleSessionName", sessionName(profile["role_session_name"]))]
        if let id = profile["external_id"] { parameters.append(("ExternalId", id)) }
        if let duration = profile["duration_seconds"] {
            guard Int(duration) != nil else { throw mistake(name, "has a duration_seconds that is no number") }
            parameters.append(("DurationSeconds", duration))
        }
        return try await assume("AssumeRole", parameters, GivenCredentials(given: source), "the profile \(name)")
    }

    private func sourceProfile(
        _ source: String,
        of name: String,
        _ visited: [String]
    ) async throws(AWSError) -> AWSCredentials {
        guard let profile = profiles.profile(source) else {
            throw mistake(name, "has the source_profile \(source), which is not there")
        }
        let hasKeys = profile["aws_access_key_id"] != nil || profile["aws_secret_access_key"] != nil
        // A profile may be its own source, with keys that stand beside the role.
        if visited.contains(source), source != name || !hasKeys {
            throw mistake(name, "assumes its role in a circle: \((visited + [source]).joined(separator: " → "))")
        }
        if !hasKeys, let found = try await assumedRole(source, visited: visited + [source]) { return found }
        if let found = try await profileCredentials(source, mayUseEnvironment: false) { return found }
        throw mistake(name, "has the source_profile \(source), which has no credentials")
    }

    private func credentialSource(_ kind: String, of name: String) async throws(AWSError) -> AWSCredentials {
        let found =
            switch kind {
            case "Environment": try environmentCredentials()
            case "EcsContainer": try await containerCredentials()
            case "Ec2InstanceMetadata": try await InstanceMetadata(parts, profile(name)).credentials()
            default:
                throw mistake(
                    name,
                    "has the credential_source '\(kind)', which is none of Environment, EcsContainer and "
                        + "Ec2InstanceMetadata"
                )
            }
        if let found { return found }
        throw mistake(name, "has the credential_source \(kind), which gives no credentials")
    }

    // MARK: With a token

    /// Source: botocore's `AssumeRoleWithWebIdentityProvider`; each variable stands before the profile's key.
    func webIdentity(_ name: String, mayUseEnvironment: Bool) async throws(AWSError) -> AWSCredentials? {
        let profile = profile(name)
        func value(_ key: String, _ variable: String) -> String? {
            (mayUseEnvironment ? environment[variable].filled : nil) ?? profile[key].filled
        }
        guard let file = value("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let role = value("role_arn", "AWS_ROLE_ARN") else {
            throw AWSError(
                "there is a web identity's token (\(file)), and no role",
                remedy: "set AWS_ROLE_ARN, or `role_arn` in the profile \(name)"
            )
        }
        // Whoever put it there renews it, so it is read each time.
        let files = AWSFiles(environment)
        guard let token = files.text(files.expanded(file)).map({ String($0.trimmed) }).filled else {
            throw AWSError(
                "the web identity's token \(file) can't be read",
                remedy: "check AWS_WEB_IDENTITY_TOKEN_FILE, or `web_identity_token_file` in the profile \(name)"
            )
        }
        parts.secrets.add(token)
        let session = sessionName(value("role_session_name", "AWS_ROLE_SESSION_NAME"))
        return try await assume(
            "AssumeRoleWithWebIdentity",
            [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token)],
            nil,
            "a web identity"
        )
    }

    // MARK: STS

    private func assume(
        _ operation: String,
        _ parameters: [(String, String)],
        _ source: GivenCredentials?,
        _ reason: String
    ) async throws(AWSError) -> AWSCredentials {
        // An account's number is not for every log: the end of the name says enough.
        let role = parameters.first { $0.0 == "RoleArn" }?.1.split(separator: "/").last ?? ""
        let client = settings.client(parts, source)
        let result: XMLNode
        do throws(AWSError) {
            result = try await client.query(.sts, operation, parameters.map { (name: $0.0, value: $0.1) })
        } catch {
            if error.isCancelled { throw error }
            var error = error
            let means = source.map { " with \($0.given.provider)" } ?? ""
            error.reason = "the role \(role) of \(reason) can't be assumed\(means): \(error.reason)"
            if error.code == "AccessDenied" {
                error.remedy = "allow sts:\(operation) to the source's credentials, and name them in the role's trust"
            }
            if ["ExpiredTokenException", "InvalidIdentityToken"].contains(error.code) {
                error.remedy = "see to it that the file of the web identity's token is renewed"
            }
            throw error
        }
        guard let given = result["Credentials"], let id = given["AccessKeyId"]?.text,
            let secret = given["SecretAccessKey"]?.text, let token = given["SessionToken"]?.text,
            let end = (given["Expiration"]?.text).flatMap(AWSMoment.seconds)
        else {
            throw AWSError(
                "sts \(operation) answered without credentials",
                remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
            )
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: end,
            provider: "the role \(role) of \(reason)"
        )
    }

    private func sessionName(_ configured: String?) -> String { configured.filled ?? "imgwatch-\(parts.now())" }

    private func mistake(_ profile: String, _ reason: String) -> AWSError {
        AWSError("the profile \(profile) \(reason)", remedy: "mend the profile in \(profiles.configPath)")
    }
}
