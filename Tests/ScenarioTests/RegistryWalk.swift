/// What a registry shows, walked through its API by curl and unpacked by tar, which know nothing of us.

import Foundation
import Rigs
import Testing

struct RegistryWalk: Sendable {
    struct Image: Sendable {
        var repository: String
        var tag: String
        var digest: String
        var configuration: String
        var layers: [String]
        var annotations: [String: String]
        /// As the manifest is written.
        var text: String
        var key: String? { annotations["io.imgwatch.key"] }
        var name: String { "\(repository):\(tag)" }
        var saysContent: Bool { tag.hasPrefix("git-") || tag.hasPrefix("key-") }
    }

    let registry: RegistryServer
    /// Every tag of every repository.
    let images: [Image]

    init(_ registry: RegistryServer) async throws {
        self.registry = registry
        let catalog = try await Self.get(["_catalog?n=1000"], of: registry)
        let repositories = try Self.names("repositories", in: catalog[0].body)
        let lists = try await Self.get(repositories.map { "\($0)/tags/list" }, of: registry)
        let names = try zip(repositories, lists).flatMap { repository, list in
            try Self.names("tags", in: list.body).map { (repository, $0) }
        }
        let manifests = try await Self.get(names.map { "\($0)/manifests/\($1)" }, of: registry)
        images = try zip(names, manifests).map { name, answer in
            try #require(answer.status == 200, "\(name): \(answer.body)")
            let digest = registry.digest(of: name.1, in: name.0) ?? ""
            return try Self.image(name.0, name.1, digest: digest, answer.body)
        }
    }

    static func image(_ repository: String, _ tag: String, digest: String, _ text: String) throws -> Image {
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let layers = json["layers"] as? [[String: Any]] ?? json["manifests"] as? [[String: Any]] ?? []
        return Image(
            repository: repository,
            tag: tag,
            digest: digest,
            configuration: (json["config"] as? [String: Any])?["digest"] as? String ?? "",
            layers: layers.compactMap { $0["digest"] as? String },
            annotations: json["annotations"] as? [String: String] ?? [:],
            text: text
        )
    }

    func image(_ repository: String, _ tag: String) throws -> Image {
        let found = images.first { $0.repository == repository && $0.tag == tag }
        return try #require(found, "no \(repository):\(tag) among \(images.map(\.name))")
    }

    /// The names of a repository's tags.
    func tags(_ repository: String) -> [String] { images.filter { $0.repository == repository }.map(\.tag).sorted() }

    // MARK: Promises

    /// Nothing is half published: every blob that a tag leads to is in its repository, and tags say their key.
    func check(_ place: String = "") async throws {
        let ours = images.filter { $0.key != nil }
        let blobs = Set(
            ours.flatMap { image in
                ([image.configuration] + image.layers).map { "\(image.repository)/blobs/\($0)" }
            }
        ).sorted()
        for (blob, answer) in zip(blobs, try await Self.get(blobs, of: registry, ["--head"])) {
            #expect(answer.status == 200, "\(place): \(blob) is not there")
        }
        for image in ours where image.saysContent {
            let key = try #require(image.key)
            #expect(image.tag.hasSuffix(key.prefix(12)), "\(place): \(image.name) has the key \(key)")
        }
        let byKey = Dictionary(grouping: ours.filter(\.saysContent)) { "\($0.repository) \($0.key ?? "")" }
        for (key, same) in byKey {
            #expect(Set(same.map(\.digest)).count == 1, "\(place): \(key) has several contents: \(same.map(\.name))")
        }
    }

    /// The regular files that a container of the image would see.
    func files(of image: Image) throws -> [String: String] { try UnpackedImage.files(of: image, in: registry) }

    /// Unpacked into a folder that is the caller's to remove.
    func unpacked(_ image: Image) throws -> URL { try UnpackedImage.unpack(image, of: registry) }

    /// What the image's configuration says.
    func configuration(of image: Image) throws -> [String: Any] {
        let bytes = try #require(registry.blob(image.configuration))
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    func diffIDs(of image: Image) throws -> [String] {
        try #require((try configuration(of: image)["rootfs"] as? [String: Any])?["diff_ids"] as? [String])
    }

    // MARK: curl

    private static func names(_ field: String, in text: String) throws -> [String] {
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return json?[field] as? [String] ?? []
    }

    private static func get(
        _ paths: [String],
        of registry: RegistryServer,
        _ flags: [String] = []
    ) async throws -> [(status: Int, body: String)] {
        guard !paths.isEmpty else { return [] }
        let curl = try #require(MachineProgram("curl"))
        let types = ["oci.image.manifest.v1", "oci.image.index.v1", "docker.distribution.manifest.v2"]
        var words = ["--silent", "--globoff", "--write-out", "\u{1}%{http_code}\u{2}"] + flags
        words += ["--header", "Accept: " + types.map { "application/vnd.\($0)+json" }.joined(separator: ", ")]
        if let authority = registry.authority { words += ["--cacert", authority] }
        if case .password(let user, let password) = registry.access { words += ["--user", "\(user):\(password)"] }
        let output = try await curl.succeed(words + paths.map { "\(registry.origin)/v2/\($0)" })
        let answers = output.split(separator: "\u{2}").map { answer in
            let parts = answer.split(separator: "\u{1}", omittingEmptySubsequences: false)
            return (status: parts.last.flatMap { Int($0) } ?? 0, body: parts.first.map(String.init) ?? "")
        }
        try #require(answers.count == paths.count, "\(output)")
        return answers
    }
}

extension UnpackedImage {
    static func files(of image: RegistryWalk.Image, in registry: RegistryServer) throws -> [String: String] {
        let folder = try unpack(image, of: registry)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try contents(of: folder)
    }

    /// Whiteouts are not heeded.
    static func unpack(_ image: RegistryWalk.Image, of registry: RegistryServer) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "image-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let environment = ["PATH": "/usr/bin:/bin"]
        for layer in image.layers {
            let blob = folder.path() + ".layer"
            try Data(try #require(registry.blob(layer), "\(layer) is not stored")).write(to: URL(filePath: blob))
            defer { try? FileManager.default.removeItem(atPath: blob) }
            try Programs.run(["tar", "-xf", blob, "-C", folder.path()], in: folder, environment)
        }
        return folder
    }
}

/// What came over the wire, in order.
extension [FaultyProxy.Request] {
    /// `POST 202 /v2/…` and so on, uploads without what makes each different.
    var summary: [String] {
        map { request in
            let path = request.path.prefix { $0 != "?" }
            let isUpload = path.contains("/blobs/uploads/")
            let end = isUpload ? path.range(of: "/uploads/")?.upperBound ?? path.endIndex : path.endIndex
            return "\(request.method) \(path[..<end].dropFirst("/v2/".count))"
        }
    }

    /// Those that begin, fill, or finish an upload.
    var uploads: [FaultyProxy.Request] { filter { $0.method != "HEAD" && $0.path.contains("/blobs/uploads/") } }

    /// The manifests that were put under a tag and taken.
    func published(_ repository: String, _ tag: String) -> [FaultyProxy.Request] {
        filter { $0.method == "PUT" && $0.path == "/v2/\(repository)/manifests/\(tag)" && $0.backend == 201 }
    }

    /// Before a manifest is sent, each of its blobs was sent to the repository, mounted, or seen there.
    func checkOrder() throws {
        var known: [String: Set<String>] = [:]
        // By their ends: what is under way is not there.
        let ended = filter { $0.method != "PUT" || !$0.path.contains("/manifests/") }
        for manifest in self where manifest.method == "PUT" && manifest.path.contains("/manifests/") {
            let repository = manifest.path.dropFirst("/v2/".count).components(separatedBy: "/manifests/")[0]
            for request in ended where (request.end ?? .infinity) <= manifest.start {
                guard let digest = request.met(in: repository) else { continue }
                known[repository, default: []].insert(digest)
            }
            guard let text = manifest.text else { continue }
            let image = try RegistryWalk.image(repository, "", digest: "", text)
            for blob in [image.configuration] + image.layers {
                #expect(known[repository, default: []].contains(blob), "\(manifest.path) came before \(blob)")
            }
        }
    }
}

extension FaultyProxy.Request {
    /// The blob that the registry has after this request.
    fileprivate func met(in repository: String) -> String? {
        guard path.hasPrefix("/v2/\(repository)/blobs/") else { return nil }
        if method == "HEAD", backend == 200 { return path.components(separatedBy: "/blobs/").last }
        guard backend == 201 else { return nil }
        let parameters = URLComponents(string: path)?.queryItems ?? []
        return parameters.first { ["digest", "mount"].contains($0.name) }?.value
    }
}

extension TemporaryProject {
    /// Everything that the program left below the folders for its state and its images.
    func traces(_ state: URL) -> [(path: String, bytes: Data)] {
        [state, home.appending(path: "data")].flatMap { folder in
            (FileManager.default.enumerator(atPath: folder.path())?.compactMap { $0 as? String } ?? []).compactMap {
                let path = folder.path() + "/" + $0
                return FileManager.default.contents(atPath: path).map { (path, $0) }
            }
        }
    }
}
