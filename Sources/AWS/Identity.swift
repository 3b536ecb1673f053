/// Who these credentials are, by AWS's own word, and whose clock goes wrong.

internal import HTTP

package struct Identity: Hashable, Sendable {
    package var account: String
    package var arn: String
    /// Where the credentials come from.
    package var provider: String
    /// AWS's clock less ours, in seconds; nil where AWS did not say its time.
    package var skew: Int?

    /// Needs no permission.
    package static func current(_ client: AWSClient) async throws(AWSError) -> Identity {
        let provider = try await client.source?.credentials(insteadOf: nil).provider ?? "nobody"
        var request = HTTPRequest("POST", try client.address(.sts))
        request.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        request.body = .bytes(Array("Action=GetCallerIdentity&Version=\(AWSService.sts.version ?? "")".utf8))
        let response = try await client.send(request, .sts, "GetCallerIdentity")
        guard let result = XMLNode(parsing: response.body)?["GetCallerIdentityResult"],
            let account = result["Account"]?.text
        else {
            throw AWSError(
                "sts GetCallerIdentity: what was answered can't be read",
                remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
            )
        }
        let theirs = response["Date"].flatMap { HTTPDate.seconds($0) }
        return Identity(
            account: account,
            arn: result["Arn"]?.text ?? "",
            provider: provider,
            skew: client.skew != 0 ? client.skew : theirs.map { $0 - client.parts.now() }
        )
    }
}
