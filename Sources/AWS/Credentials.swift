/// Who signs requests to AWS.

internal import OCI

package struct AWSCredentials: Hashable, Sendable {
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Of temporary credentials.
    package var sessionToken: String?
    /// In seconds since 1970; nil for credentials that do not end by themselves.
    package var expiration: Int?
    /// Where they came from, for people: `environment`, `profile dev`.
    package var provider: String

    package init(
        accessKeyID: String,
        secretAccessKey: String,
        sessionToken: String? = nil,
        expiration: Int? = nil,
        provider: String
    ) {
        (self.accessKeyID, self.secretAccessKey, self.sessionToken) = (accessKeyID, secretAccessKey, sessionToken)
        (self.expiration, self.provider) = (expiration, provider)
    }

    /// All that must not be shown; the id of a key is no secret, but nobody needs to see it either.
    package var secrets: [String] { [secretAccessKey] + [sessionToken].compactMap(\.self) }
}

extension AWSCredentials {
    /// Of JSON as all of AWS writes credentials; nil where a key is missing, or the end is no date.
    init?(_ json: JSON, token: String, provider: String) {
        guard let id = json["AccessKeyId"]?.text, let secret = json["SecretAccessKey"]?.text else { return nil }
        let end = json["Expiration"]?.text
        let seconds = end.flatMap(AWSMoment.seconds)
        guard (end == nil) == (seconds == nil) else { return nil }
        self.init(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: (json[token]?.text).filled,
            expiration: seconds,
            provider: provider
        )
    }
}
