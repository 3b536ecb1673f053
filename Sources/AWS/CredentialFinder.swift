/// Looks for credentials once, at every place where AWS's own tools look, in botocore's order.

internal import HTTP
internal import OCI

/// A place where nothing is configured gives nil, and the next one is asked; one where that fails ends the search.
struct CredentialFinder: Sendable {
    let settings: AWSSettings
    let parts: AWSParts
    let profiles: AWSProfiles

    var environment: [String: String] { parts.environment }

    /// Source: `create_credential_resolver` of botocore 1.43; without boto 2's files, and without `login_session`.
    func find() async throws(AWSError) -> AWSCredentials {
        let name = settings.profileName
        if !settings.isProfileExplicit, let found = try environmentCredentials() { return found }
        if let found = try await assumedRole(name, visited: [name]) { return found }
        if let found = try await profileCredentials(name, mayUseEnvironment: !settings.isProfileExplicit) {
            return found
        }
        if let found = try await containerCredentials() { return found }
        if let found = try await InstanceMetadata(parts, profile(name)).credentials() { return found }
        throw nothing
    }

    func profile(_ name: String) -> AWSSection { profiles.profile(name) ?? AWSSection() }

    /// What a profile says without a role that is assumed with other credentials.
    func profileCredentials(_ name: String, mayUseEnvironment: Bool) async throws(AWSError) -> AWSCredentials? {
        if let found = try await webIdentity(name, mayUseEnvironment: mayUseEnvironment) { return found }
        if let found = try await SSOSession(name, self)?.credentials() { return found }
        if let found = try staticCredentials(profiles.credentials[name], name, profiles.credentialsPath) {
            return found
        }
        if let found = try await processCredentials(name) { return found }
        return try staticCredentials(profiles.configured[name], name, profiles.configPath)
    }

    // MARK: Keys as they are

    func environmentCredentials() throws(AWSError) -> AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"].filled else { return nil }
        guard let secret = environment["AWS_SECRET_ACCESS_KEY"].filled else {
            throw AWSError(
                "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not",
                remedy: "set both, or neither"
            )
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: environment["AWS_SECURITY_TOKEN"].filled ?? environment["AWS_SESSION_TOKEN"].filled,
            expiration: environment["AWS_CREDENTIAL_EXPIRATION"].filled.flatMap(AWSMoment.seconds),
            provider: "the environment"
        )
    }

    private func staticCredentials(
        _ section: AWSSection?,
        _ name: String,
        _ path: String
    ) throws(AWSError) -> AWSCredentials? {
        guard let section, let id = section["aws_access_key_id"] else { return nil }
        guard let secret = section["aws_secret_access_key"] else {
            throw AWSError(
                "the profile \(name) of \(path) has an aws_access_key_id and no aws_secret_access_key",
                remedy: "set both, as by `aws configure\(option(name))`"
            )
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: section["aws_security_token"] ?? section["aws_session_token"],
            provider: "the profile \(name) of \(path)"
        )
    }

    // MARK: A program

    private func processCredentials(_ name: String) async throws(AWSError) -> AWSCredentials? {
        guard let command = profile(name)["credential_process"] else { return nil }
        let what = "the credential_process of the profile \(name)"
        guard let words = ShellWords.split(command), !words.isEmpty else {
            throw AWSError("\(what) is no command", remedy: "close its quotes; the words are split as a shell does it")
        }
        return try await CredentialProcess(words: words, what: what, parts: parts).credentials()
    }

    // MARK: Nothing

    private var nothing: AWSError {
        let name = settings.profileName
        var places = settings.isProfileExplicit ? [] : ["AWS_ACCESS_KEY_ID is not set"]
        places.append("the profile \(name) has none in \(profiles.credentialsPath) or \(profiles.configPath)")
        var remedy = "set `aws: { profile: … }` or AWS_PROFILE, or run `aws configure` or `aws sso login`"
        if profile(name)["login_session"] != nil {
            places.append("its `login_session` is not read here")
            remedy =
                "put the line `credential_process = aws configure export-credentials\(option(name)) "
                + "--format process` into another profile, and name that one"
        }
        places.append("no container gives some")
        let isDisabled = InstanceMetadata(parts, profile(name)).isDisabled
        places.append("EC2's metadata service " + (isDisabled ? "is not to be asked" : "does not answer with some"))
        return AWSError("no credentials for AWS: \(places.joined(separator: ", "))", remedy: remedy)
    }

    /// For commands of AWS's own client.
    func option(_ profile: String) -> String {
        profile == "default" ? "" : " --profile \(ShellText.quoted(profile))"
    }
}
