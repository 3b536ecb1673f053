/// How a bucket is, and how it is emptied: what the stack is deployed, removed and looked at with.

internal import Foundation
internal import HTTP
internal import OCI

extension S3Bucket {
    /// Whether there is one of this name that these credentials may look into.
    package func isThere() async throws(AWSError) -> Bool {
        do throws(AWSError) {
            _ = try await client.send(HTTPRequest("HEAD", try address("")), .s3, "HeadBucket")
            return true
        } catch {
            guard error.status == 404 else { throw explained(error) }
            return false
        }
    }

    package func keepsVersions() async throws(AWSError) -> Bool {
        try await get("versioning", "GetBucketVersioning")["Status"]?.text == "Enabled"
    }

    /// The region that it lies in.
    package func region() async throws(AWSError) -> String {
        let text = try await get("location", "GetBucketLocation").text
        // What was there first has other names.
        return switch text {
        case "": "us-east-1"
        case "EU": "eu-west-1"
        default: text
        }
    }

    /// A version of an object, or a marker that says that the object is deleted.
    package struct Version: Hashable, Sendable {
        package var key: String
        package var version: String
    }

    /// The first ones of all that is there, as many as S3 gives in one answer.
    package func versions() async throws(AWSError) -> [Version] {
        let answer = try await get("versions", "ListObjectVersions")
        return (answer.all("Version") + answer.all("DeleteMarker")).map { node in
            Version(key: node["Key"]?.text ?? "", version: node["VersionId"]?.text ?? "null")
        }
    }

    /// Removes all versions of all objects.
    ///
    /// - Returns: How many there were.
    package func empty() async throws(AWSError) -> Int {
        var count = 0
        while true {
            let versions = try await versions()
            guard !versions.isEmpty else { return count }
            var rest = versions[...]
            while !rest.isEmpty {
                try await delete(Array(rest.prefix(Self.mostDeleted)))
                rest = rest.dropFirst(Self.mostDeleted)
            }
            count += versions.count
        }
    }

    /// S3 takes no more in one request.
    private static let mostDeleted = 1000

    private func delete(_ versions: [Version]) async throws(AWSError) {
        let objects = versions.map { version in
            "<Object><Key>\(Self.escaped(version.key))</Key><VersionId>\(version.version)</VersionId></Object>"
        }
        let body = Array("<Delete><Quiet>true</Quiet>\(objects.joined())</Delete>".utf8)
        var request = HTTPRequest("POST", try address("", "delete"))
        request.body = .bytes(body)
        request.set("Content-Type", "application/xml")
        request.set("x-amz-checksum-sha256", Data(Digest.sha256(of: body).bytes).base64EncodedString())
        request.set("x-amz-sdk-checksum-algorithm", "SHA256")
        let response: HTTPResponse
        do throws(AWSError) {
            response = try await client.send(request, .s3, "DeleteObjects")
        } catch {
            throw explained(error)
        }
        guard let failure = XMLNode(parsing: response.body)?["Error"] else { return }
        throw AWSError(
            "\(failure["Key"]?.text ?? "an object") in \(name) can't be deleted: \(failure["Code"]?.text ?? "") "
                + "\(failure["Message"]?.text ?? "")",
            remedy: "allow s3:DeleteObject and s3:DeleteObjectVersion on the bucket to these credentials"
        )
    }

    private static func escaped(_ key: String) -> String {
        [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")].reduce(key) {
            $0.replacing($1.0, with: $1.1)
        }
    }

    private func get(_ what: String, _ operation: String) async throws(AWSError) -> XMLNode {
        do throws(AWSError) {
            let response = try await client.send(HTTPRequest("GET", try address("", what)), .s3, operation)
            guard let root = XMLNode(parsing: response.body) else {
                throw AWSError(
                    "s3 \(operation): what was answered can't be read",
                    remedy: "check whether the endpoint is AWS's own, or a proxy that answers in its place"
                )
            }
            return root
        } catch {
            throw explained(error)
        }
    }

    private func address(_ key: String, _ what: String) throws(AWSError) -> WebAddress {
        let address = try address(key)
        return address.adding([(what, "")]) ?? address
    }
}
