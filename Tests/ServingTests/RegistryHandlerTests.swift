/// The distribution protocol, byte by byte, from a client's side.

import Foundation
import OCI
import Testing

@testable import Serving

@Suite struct RegistryHandlerTests {
    @Test(arguments: ["/v2/", "/v2"])
    func `the version is asked for first`(path: String) async throws {
        try await Running.serve { registry in
            let answer = try await registry.request("GET", path)
            #expect(answer.status == 200)
            #expect(answer.headers["docker-distribution-api-version"] == "registry/2.0")
            #expect(answer.text == "{}")
        }
    }

    @Test func `a manifest comes by tag and by digest, with what it is`() async throws {
        try await Running.serve { registry in
            let image = try registry.layout.addImage("team/shop:git-1")
            let bytes = try registry.layout.readBlob(image)
            for reference in ["git-1", image.digest.description, "sha256%3A\(image.digest.hex)"] {
                let get = try await registry.request("GET", "/v2/team/shop/manifests/\(reference)")
                let head = try await registry.request("HEAD", "/v2/team/shop/manifests/\(reference)")
                for answer in [get, head] {
                    #expect(answer.status == 200)
                    #expect(answer.headers["content-type"] == MediaType.manifest)
                    #expect(answer.headers["docker-content-digest"] == image.digest.description)
                    #expect(answer.headers["content-length"] == "\(bytes.count)")
                    #expect(answer.headers["docker-distribution-api-version"] == "registry/2.0")
                }
                #expect(get.body == bytes)
                #expect(head.body.isEmpty)
            }
        }
    }

    @Test func `a tag that moves is seen at once`() async throws {
        try await Running.serve { registry in
            let first = try registry.layout.addImage("shop:dev", text: "1")
            let before = try await registry.request("HEAD", "/v2/shop/manifests/dev")
            let second = try registry.layout.addImage("shop:dev", text: "2")
            let after = try await registry.request("HEAD", "/v2/shop/manifests/dev")
            #expect(before.headers["docker-content-digest"] == first.digest.description)
            #expect(after.headers["docker-content-digest"] == second.digest.description)
        }
    }

    @Test(arguments: [
        (#"{"schemaVersion":2,"manifests":[]}"#, "application/vnd.oci.image.index.v1+json"),
        (#"{"mediaType":"x/y","manifests":[]}"#, "x/y"), (#"{"config":{},"layers":[]}"#, MediaType.manifest),
        (#"{"mediaType":"a/b","config":{},"layers":[]}"#, "a/b"),
        (#"{"mediaType":"a/b"}"#, nil), ("[]", nil), ("not JSON", nil),
    ])
    func `by digest only manifests and indexes are manifests`(content: String, mediaType: String?) async throws {
        try await Running.serve { registry in
            let blob = try registry.layout.writeBlob(Array(content.utf8), mediaType: "")
            let answer = try await registry.request("GET", "/v2/shop/manifests/\(blob.digest)")
            #expect(answer.status == (mediaType == nil ? 404 : 200))
            #expect(mediaType == nil || answer.headers["content-type"] == mediaType)
            #expect(answer.text == content || answer.code == "MANIFEST_UNKNOWN")
        }
    }

    @Test func `a blob comes whole and in parts`() async throws {
        try await Running.serve { registry in
            let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let blob = try registry.layout.writeBlob(bytes, mediaType: "")
            let path = "/v2/any/name/blobs/\(blob.digest)"
            let whole = try await registry.request("GET", path)
            #expect(whole.status == 200)
            #expect(whole.body == bytes)
            #expect(whole.headers["content-length"] == "600000")
            #expect(whole.headers["docker-content-digest"] == blob.digest.description)
            #expect(whole.headers["accept-ranges"] == "bytes")
            let head = try await registry.request("HEAD", path, "Range: bytes=1-2")
            #expect(head.status == 200)
            #expect(head.headers["content-length"] == "600000")
            #expect(head.body.isEmpty)
            for (range, part) in [("5-9", 5..<10), ("300000-", 300_000..<600_000), ("-3", 599_997..<600_000)] {
                let answer = try await registry.request("GET", path, "Range: bytes=\(range)")
                #expect(answer.status == 206)
                #expect(answer.body == Array(bytes[part]))
                #expect(answer.headers["content-range"] == "bytes \(part.lowerBound)-\(part.upperBound - 1)/600000")
                #expect(answer.headers["content-length"] == "\(part.count)")
            }
            let behind = try await registry.request("GET", path, "Range: bytes=600000-")
            #expect(behind.status == 416)
            #expect(behind.headers["content-range"] == "bytes */600000")
            #expect(behind.body.isEmpty)
        }
    }

    @Test(arguments: [
        ("/v2/shop/manifests/none", "MANIFEST_UNKNOWN"), ("/v2/none/manifests/dev", "MANIFEST_UNKNOWN"),
        ("/v2/shop/manifests/sha256:abc", "MANIFEST_UNKNOWN"), ("/v2/none/tags/list", "NAME_UNKNOWN"),
        ("/v2/shop/blobs/sha256:\(String(repeating: "0", count: 64))", "BLOB_UNKNOWN"),
        ("/v2/shop/manifests/sha256:\(String(repeating: "0", count: 64))", "MANIFEST_UNKNOWN"),
        ("/v2/shop/blobs/..%2f..%2findex.json", "NAME_INVALID"), ("/v2/../../../etc/passwd", "NAME_INVALID"),
        ("/v2/shop/blobs/%2e%2e", "BLOB_UNKNOWN"), ("/index.json", "UNSUPPORTED"), ("/", "UNSUPPORTED"),
        ("/v2/shop/blobs/%ff", "BLOB_UNKNOWN"), ("/v2/shop/blobs/%00", "BLOB_UNKNOWN"),
    ])
    func `what is not there is an error that clients understand`(path: String, code: String) async throws {
        try await Running.serve { registry in
            try registry.layout.addImage("shop:dev")
            let answer = try await registry.request("GET", path)
            #expect(answer.status == 404)
            #expect(answer.code == code)
            #expect(answer.headers["content-type"] == "application/json")
            let head = try await registry.request("HEAD", path)
            #expect(head.status == 404)
            #expect(head.body.isEmpty)
        }
    }

    @Test func `a tag whose manifest is gone or broken is not served`() async throws {
        try await Running.serve { registry in
            let image = try registry.layout.addImage("shop:dev")
            let path = registry.layout.blobPath(image.digest)
            let zeros = Data(count: image.size)
            try zeros.write(to: URL(filePath: path))
            let broken = try await registry.request("GET", "/v2/shop/manifests/dev")
            #expect(broken.status == 500)
            #expect(broken.code == "UNKNOWN")
            try FileManager.default.removeItem(atPath: path)
            #expect(try await registry.request("GET", "/v2/shop/manifests/dev").code == "MANIFEST_UNKNOWN")
            #expect(try await registry.request("HEAD", "/v2/shop/manifests/dev").status == 404)
        }
    }

    @Test(arguments: [
        ("POST", "/v2/shop/blobs/uploads/"), ("PUT", "/v2/shop/manifests/dev"), ("PATCH", "/v2/x"),
        ("DELETE", "/v2/shop/manifests/dev"), ("OPTIONS", "/v2/"), ("POST", "/"),
    ])
    func `nothing can be written`(method: String, path: String) async throws {
        try await Running.serve { registry in
            try registry.layout.addImage("shop:dev")
            let answer = try await registry.request(method, path, body: "{}")
            #expect(answer.status == 405)
            #expect(answer.code == "UNSUPPORTED")
            #expect(answer.text.contains("read-only"))
            #expect(answer.headers["allow"] == "GET, HEAD")
            #expect(try registry.layout.names() == ["shop:dev"])
        }
    }

    @Test func `repositories and tags are listed in order, and in pages`() async throws {
        try await Running.serve { registry in
            for name in ["b/x:1", "a:2", "a:10", "a:1", "c:1"] { try registry.layout.addImage(name) }
            let image = try registry.layout.addImage("c:2")
            try registry.layout.tag("another program's name", as: image)
            let pages = [
                ("/v2/_catalog", #"{"repositories":["a","b/x","c"]}"#, nil),
                ("/v2/_catalog?n=2", #"{"repositories":["a","b/x"]}"#, "</v2/_catalog?n=2&last=b/x>; rel=\"next\""),
                ("/v2/_catalog?n=2&last=b/x", #"{"repositories":["c"]}"#, nil),
                ("/v2/_catalog?n=2&last=b%2Fx", #"{"repositories":["c"]}"#, nil),
                ("/v2/a/tags/list", #"{"name":"a","tags":["1","10","2"]}"#, nil),
                ("/v2/a/tags/list?n=1", #"{"name":"a","tags":["1"]}"#, "</v2/a/tags/list?n=1&last=1>; rel=\"next\""),
                ("/v2/a/tags/list?last=1&n=2", #"{"name":"a","tags":["10","2"]}"#, nil),
                ("/v2/a/tags/list?n=0", #"{"name":"a","tags":[]}"#, nil),
                ("/v2/b/x/tags/list?last=zz", #"{"name":"b/x","tags":[]}"#, nil),
            ]
            for (path, body, link) in pages {
                let answer = try await registry.request("GET", path)
                #expect(answer.text == body)
                #expect(answer.headers["link"] == link)
            }
            let bad = try await registry.request("GET", "/v2/_catalog?n=-1")
            #expect(bad.status == 400)
            #expect(bad.code == "PAGINATION_NUMBER_INVALID")
        }
    }

    @Test func `a connection is kept, whatever its requests were`() async throws {
        try await Running.serve { registry in
            let image = try registry.layout.addImage("shop:dev")
            let connection = try await Connection(port: registry.port)
            let large = String(repeating: "x", count: 100_000)
            for _ in 0..<3 {
                try await connection.send("HEAD /v2/shop/manifests/dev HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.answer(toHead: true).status == 200)
                try await connection.send(
                    "PUT /v2/shop/manifests/dev HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\(large)"
                )
                #expect(try await connection.answer().status == 405)
                try await connection.send(
                    "POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                )
                #expect(try await connection.answer().status == 405)
                try await connection.send("GET /v2/shop/blobs/\(image.digest) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await connection.answer().body == (try registry.layout.readBlob(image)))
            }
            try connection.close()
        }
    }
}
