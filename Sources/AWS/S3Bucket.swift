/// A bucket that holds build contexts, each under the hash of its bytes.

internal import Foundation
package import HTTP
package import OCI

package struct S3Bucket: Sendable {
    package var name: String
    let client: AWSClient
    /// The bucket stands in the path and not in the host.
    private let isPathStyle: Bool

    package init(_ name: String, client: AWSClient, isPathStyle: Bool) {
        (self.name, self.client, self.isPathStyle) = (name, client, isPathStyle)
    }

    /// An object as S3 has it.
    package struct Object: Hashable, Sendable {
        /// In bytes.
        package var size: Int
        /// nil where the bucket keeps no versions.
        package var version: String?
        /// nil where S3 was not told one.
        package var digest: Digest?
    }

    package func arn(_ key: String) -> String {
        "arn:\(AWSEndpoints.partitionName(client.region)):s3:::\(name)/\(key)"
    }

    /// nil where there is no such object.
    package func object(_ key: String) async throws(AWSError) -> Object? {
        var request = HTTPRequest("HEAD", try address(key))
        request.set("x-amz-checksum-mode", "ENABLED")
        do throws(AWSError) {
            let response = try await client.send(request, .s3, "HeadObject")
            return Self.object(response, size: response["Content-Length"].flatMap { Int($0) } ?? 0)
        } catch {
            guard error.status == 404, error.code != "NoSuchBucket" else { throw explained(error) }
            return nil
        }
    }

    /// Puts it there, unless the key is taken already; nil where it is.
    ///
    /// The digest is that of the content.
    package func put(_ content: HTTPBody, _ digest: Digest, as key: String) async throws(AWSError) -> Object? {
        var request = HTTPRequest("PUT", try address(key))
        request.body = content
        request.set("Content-Type", "application/octet-stream")
        request.set("If-None-Match", "*")
        request.set(SigV4.hashHeader, digest.hex)
        request.set("x-amz-checksum-sha256", Data(digest.bytes).base64EncodedString())
        request.set("x-amz-sdk-checksum-algorithm", "SHA256")
        do throws(AWSError) {
            var object = Self.object(try await client.send(request, .s3, "PutObject"), size: content.length)
            object.digest = digest
            return object
        } catch {
            if error.status == 412 { return nil }
            throw explained(error)
        }
    }

    private static func object(_ response: HTTPResponse, size: Int) -> Object {
        let version = response["x-amz-version-id"].flatMap { $0 == "null" ? nil : $0 }
        let checksum = response["x-amz-checksum-sha256"].flatMap { Data(base64Encoded: $0) }
        return Object(size: size, version: version, digest: checksum.flatMap { Digest(bytes: $0) })
    }

    func address(_ key: String) throws(AWSError) -> WebAddress {
        let base = try client.address(.s3)
        let path = key.split(separator: "/").map { WebAddress.encoded(String($0)) }.joined(separator: "/")
        guard !isPathStyle else { return try client.resolved("/\(name)/\(path)", base) }
        guard let host = WebAddress(parsing: "\(base.scheme)://\(name).\(base.site)/") else {
            throw AWSError("\(name) is no name of a bucket", remedy: "check `bucket` in `aws:`")
        }
        return try client.resolved("/\(path)", host)
    }

    func explained(_ error: AWSError) -> AWSError {
        var error = error
        if error.status == 404 {
            error.reason = "there is no bucket \(name) in \(client.region)"
            error.remedy = "`imgwatch aws deploy` makes it, or name another one by `bucket` in `aws:`"
        }
        if error.status == 301 || error.code == "PermanentRedirect" || error.code == "AuthorizationHeaderMalformed" {
            error.remedy = "the bucket \(name) lies in another region: set `region` in `aws:` to that one"
        }
        return error
    }
}
