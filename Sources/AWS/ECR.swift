/// What of Amazon ECR is not the distribution protocol: who may speak that, and what a repository allows.

internal import Foundation
internal import HTTP
internal import OCI

package struct ECR: Sendable {
    let client: AWSClient
    package init(_ client: AWSClient) { self.client = client }

    /// A registry's password; it is the same for all repositories that the credentials reach.
    package struct Password: Hashable, Sendable {
        package var user: String
        package var password: String
        /// In seconds since 1970 by AWS's clock.
        package var expiration: Double?
        /// The registry, as `host[:port]`.
        package var host: String
    }

    package func password() async throws(AWSError) -> Password {
        let answer = try await client.call(.ecr, "GetAuthorizationToken", .fields([:]))
        guard let data = answer["authorizationData"]?.array?.first, let token = data["authorizationToken"]?.text,
            let bytes = Data(base64Encoded: token), let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else {
            throw AWSError(
                "ecr GetAuthorizationToken answered without a token",
                remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
            )
        }
        client.parts.secrets.add(token)
        return Password(
            user: String(decoding: bytes[..<colon], as: UTF8.self),
            password: String(decoding: bytes[bytes.index(after: colon)...], as: UTF8.self),
            expiration: data["expiresAt"]?.seconds,
            host: data["proxyEndpoint"]?.text.flatMap { WebAddress(parsing: $0) }?.site ?? ""
        )
    }

    /// The region of a registry's host, like `123456789012.dkr.ecr.eu-west-1.amazonaws.com`; nil for other hosts.
    package static func region(of host: String) -> String? {
        let parts = host.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 6 || parts.count == 7 && parts[6] == "cn", parts[0].count == 12,
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts[1] == "dkr", ["ecr", "ecr-fips"].contains(parts[2]), parts[4] == "amazonaws", parts[5] == "com"
        else { return nil }
        return String(parts[3])
    }
}
