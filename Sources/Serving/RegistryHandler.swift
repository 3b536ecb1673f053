/// Answers the requests of a pull from an image layout.

import FlyingFox
import Foundation
import OCI

struct RegistryHandler: HTTPHandler {
    private let layout: ImageLayout
    /// Larger ones are no manifests (OCI distribution specification: registries take at least 4 MiB).
    private static let largestManifest = 4 << 20

    init(layout: ImageLayout) { self.layout = layout }

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        // The next request of the connection begins behind this one's body.
        for try await _ in request.bodySequence {}
        let isHead = request.method == .HEAD
        guard isHead || request.method == .GET else {
            return Answer(.noWriting, headers: [HTTPHeader("Allow"): "GET, HEAD"]).response(isHead: false)
        }
        do {
            return try answer(request).response(isHead: isHead)
        } catch {
            return Answer(Refusal(status: 500, code: "UNKNOWN", message: error.reason)).response(isHead: isHead)
        }
    }

    private func answer(_ request: HTTPRequest) throws(OCIError) -> Answer {
        switch RegistryResource(path: request.target.path(percentEncoded: false)) {
        case .version: return Answer(json: .object([]))
        case .catalog:
            let names = Set(try layout.names().compactMap { RegistryResource.split($0)?.name })
            return page(names, of: "/v2/_catalog", request) { [JSON.Member("repositories", .texts($0))] }
        case .tags(of: let name):
            let all = try layout.names().compactMap(RegistryResource.split)
            let tags = Set(all.filter { $0.name == name }.map(\.tag))
            guard !tags.isEmpty else { return Answer(.noRepository) }
            return page(tags, of: "/v2/\(name)/tags/list", request) {
                [JSON.Member("name", .text(name)), JSON.Member("tags", .texts($0))]
            }
        case .tagged(let name, let tag):
            guard let descriptor = try layout.resolve("\(name):\(tag)"), layout.hasBlob(descriptor) else {
                return Answer(.noManifest)
            }
            return request.method == .HEAD
                ? Answer(manifest: descriptor, []) : Answer(manifest: descriptor, try layout.readBlob(descriptor))
        case .manifest(let digest): return try manifest(digest)
        case .blob(let digest): return blob(digest, range: request.method == .GET ? request.headers[.range] : nil)
        case .none(let refusal): return Answer(refusal)
        }
    }

    /// A manifest or an index, also one that only an index names; their bytes say which of them it is.
    private func manifest(_ digest: Digest) throws(OCIError) -> Answer {
        guard let size = BlobFile(path: layout.blobPath(digest))?.size, size <= Self.largestManifest else {
            return Answer(.noManifest)
        }
        let bytes = try layout.readBlob(Descriptor(mediaType: "", digest: digest, size: size))
        guard let mediaType = Self.mediaType(of: bytes) else { return Answer(.noManifest) }
        return Answer(manifest: Descriptor(mediaType: mediaType, digest: digest, size: size), bytes)
    }

    /// nil where the bytes are neither a manifest nor an index; both may do without the field.
    private static func mediaType(of bytes: [UInt8]) -> String? {
        guard let json = try? JSON(parsing: bytes, subject: "a manifest") else { return nil }
        if json["manifests"]?.array != nil {
            return json["mediaType"]?.text ?? "application/vnd.oci.image.index.v1+json"
        }
        guard json["layers"]?.array != nil, json["config"]?.members != nil else { return nil }
        return json["mediaType"]?.text ?? MediaType.manifest
    }

    private func blob(_ digest: Digest, range header: String?) -> Answer {
        guard let file = BlobFile(path: layout.blobPath(digest)) else { return Answer(.noBlob) }
        let size = file.size
        let range = ByteRange(header: header, size: size)
        var answer =
            switch range {
            case .whole: Answer(status: .ok, BlobBody(file, 0..<size))
            case .part(let part): Answer(status: .partialContent, BlobBody(file, part))
            case .unsatisfiable: Answer(status: .rangeNotSatisfiable, BlobBody(file, 0..<0))
            }
        answer.headers[HTTPHeader("Docker-Content-Digest")] = digest.description
        answer.headers[.contentType] = "application/octet-stream"
        answer.headers[.acceptRanges] = "bytes"
        answer.headers[.contentRange] = range.contentRange(size: size)
        return answer
    }

    /// Sorted entries after `last`, at most `n`, and where to ask for those that follow.
    private func page(
        _ entries: Set<String>,
        of path: String,
        _ request: HTTPRequest,
        _ members: ([String]) -> [JSON.Member]
    ) -> Answer {
        let query = { name in request.query.first { $0.name == name }?.value }
        let after = query("last") ?? ""
        let rest = entries.filter { $0 > after }.sorted()
        guard let wanted = query("n") else { return Answer(json: .object(members(rest))) }
        guard let count = Int(wanted), count >= 0 else { return Answer(.noPage) }
        var answer = Answer(json: .object(members(Array(rest.prefix(count)))))
        if count > 0, rest.count > count {
            answer.headers[HTTPHeader("Link")] = "<\(path)?n=\(count)&last=\(rest[count - 1])>; rel=\"next\""
        }
        return answer
    }
}
