/// Credentials of a role by a session of IAM Identity Center that `aws sso login` began.

internal import Foundation
internal import HTTP
internal import OCI

/// Source: botocore's `SSOProvider` and `SSOTokenProvider`; the files are shared with AWS's own tools.
struct SSOSession {
    private let profileName: String
    private let startAddress: String
    private let region: String
    private let account: String
    private let role: String
    /// nil where the profile has all of it by itself, as it was once written; then no token is renewed.
    private let session: String?
    private let finder: CredentialFinder
    private let client: AWSClient

    private static let keys = ["sso_start_url", "sso_region", "sso_account_id", "sso_role_name"]

    /// nil where the profile names no such role.
    init?(_ name: String, _ finder: CredentialFinder) throws(AWSError) {
        var profile = finder.profile(name)
        guard profile["sso_role_name"] != nil || profile["sso_account_id"] != nil else { return nil }
        session = profile["sso_session"]
        let path = finder.profiles.configPath
        if let session {
            guard let section = finder.profiles.ssoSessions[session] else {
                throw AWSError(
                    "the profile \(name) names `sso_session = \(session)`, and \(path) has no such section",
                    remedy: "write a section [sso-session \(session)], or run `aws configure sso`"
                )
            }
            for (key, value) in section.values {
                if let other = profile[key], other != value {
                    throw AWSError(
                        "\(key) differs between the profile \(name) and [sso-session \(session)]",
                        remedy: "take it out of the profile in \(path)"
                    )
                }
            }
            profile = profile.overridden(by: section)
        }
        let missing = Self.keys.filter { profile[$0] == nil }
        guard missing.isEmpty else {
            throw AWSError(
                "the profile \(name) is one of IAM Identity Center and lacks \(missing.joined(separator: ", "))",
                remedy: "run `aws configure sso\(finder.option(name))`"
            )
        }
        (profileName, self.finder) = (name, finder)
        (startAddress, region) = (profile["sso_start_url"] ?? "", profile["sso_region"] ?? "")
        (account, role) = (profile["sso_account_id"] ?? "", profile["sso_role_name"] ?? "")
        client = finder.settings.client(finder.parts, nil, region: region)
    }

    func credentials() async throws(AWSError) -> AWSCredentials {
        let token = try await accessToken()
        let query = [("role_name", role), ("account_id", account)].map { "\($0.0)=\(WebAddress.encoded($0.1))" }
        let address = try client.resolved(
            "/federation/credentials?\(query.joined(separator: "&"))",
            try client.address(.sso)
        )
        var request = HTTPRequest("GET", address)
        request.set("x-amz-sso_bearer_token", token)
        let response: HTTPResponse
        do throws(AWSError) {
            response = try await client.send(request, .sso, "GetRoleCredentials")
        } catch {
            if error.status == 401 { throw login("is not taken any more") }
            var error = error
            if error.status == 403 || error.status == 404 {
                error.remedy = "check sso_account_id and sso_role_name of the profile \(profileName)"
            }
            throw error
        }
        guard let given = try? JSON(parsing: response.body, subject: "an answer")["roleCredentials"],
            let id = given["accessKeyId"]?.text, let secret = given["secretAccessKey"]?.text
        else { throw unreadable("GetRoleCredentials") }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: given["sessionToken"]?.text,
            expiration: given["expiration"]?.integer.map { $0 / 1000 },
            provider: "the role \(role) of IAM Identity Center (profile \(profileName))"
        )
    }

    // MARK: The session's token

    private var file: String {
        "\(AWSFiles(finder.environment).ssoCache)/\(SHA1.hex(of: session ?? startAddress)).json"
    }

    private func accessToken() async throws(AWSError) -> String {
        let now = finder.parts.now()
        guard let text = AWSFiles(finder.environment).text(file) else { throw login("is not there") }
        guard let json = try? JSON(parsing: Array(text.utf8), subject: "a token"),
            let token = json["accessToken"]?.text, let end = json["expiresAt"]?.text.flatMap(AWSMoment.seconds)
        else { throw login("can't be read") }
        for key in ["accessToken", "refreshToken", "clientSecret"] {
            if let secret = json[key]?.text { finder.parts.secrets.add(secret) }
        }
        if session != nil, end - now < AWSLimits.advisoryRefresh, let new = try await renewed(json, now: now) {
            return new
        }
        guard end > now else { throw login("has expired") }
        return token
    }

    /// nil where it can't be renewed, and the old one is to be used as long as it lasts.
    private func renewed(_ json: JSON, now: Int) async throws(AWSError) -> String? {
        guard let refresh = json["refreshToken"]?.text, let id = json["clientId"]?.text,
            let secret = json["clientSecret"]?.text
        else { return nil }
        if let end = json["registrationExpiresAt"]?.text.flatMap(AWSMoment.seconds), end <= now { return nil }
        let input = [
            ("clientId", id), ("clientSecret", secret), ("grantType", "refresh_token"), ("refreshToken", refresh),
        ]
        let answer: JSON
        do throws(AWSError) {
            let body = JSON.object(input.map { JSON.Member($0.0, .text($0.1)) })
            answer = try await client.rest(.ssoOIDC, "CreateToken", "POST", "/token", body)
        } catch {
            if error.isCancelled { throw error }
            return nil
        }
        guard let token = answer["accessToken"]?.text, let lasts = answer["expiresIn"]?.integer else {
            throw unreadable("CreateToken")
        }
        finder.parts.secrets.add(token)
        var changes = ["accessToken": token, "expiresAt": AWSMoment.text(now + lasts)]
        if let next = answer["refreshToken"]?.text {
            finder.parts.secrets.add(next)
            changes["refreshToken"] = next
        }
        try write(json, changes)
        return token
    }

    /// The old refresh token may be worth nothing from now on, so AWS's own tools must find the new one.
    private func write(_ json: JSON, _ changes: [String: String]) throws(AWSError) {
        let members = (json.members ?? []).map { member in
            changes[member.key].map { JSON.Member(member.key, .text($0)) } ?? member
        }
        let temporary = "\(file).\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let handle = descriptor < 0 ? nil : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let written: Void? = try? handle?.write(contentsOf: JSON.object(members).encoded())
        guard written != nil, rename(temporary, file) == 0 else {
            unlink(temporary)
            throw AWSError(
                "the renewed token of IAM Identity Center can't be written into ~/.aws/sso/cache",
                remedy: "make that folder writable, and run `aws sso login\(finder.option(profileName))`"
            )
        }
    }

    // MARK: Errors

    private func login(_ what: String) -> AWSError {
        AWSError(
            "the profile \(profileName) is one of IAM Identity Center, and the token of its session \(what)",
            remedy: "run `aws sso login\(finder.option(profileName))`"
        )
    }

    private func unreadable(_ operation: String) -> AWSError {
        AWSError(
            "IAM Identity Center: what was answered to \(operation) can't be read",
            remedy: "check sso_region of the profile \(profileName), and the endpoint"
        )
    }
}
