/// What the store says of itself, read without a line of our own code: names, blobs, and what an image shows.

import Foundation
import Testing

/// The names in an image layout, and the manifests that they stand for.
struct PublishedNames: Sendable {
    let store: URL
    /// Digests by name (`app:dev`).
    let digests: [String: String]

    init(in store: URL) throws {
        self.store = store
        let index = try JSONSerialization.jsonObject(with: Data(contentsOf: store.appending(path: "index.json")))
        let manifests = try #require((index as? [String: Any])?["manifests"] as? [[String: Any]])
        let names = manifests.compactMap { manifest -> (String, String)? in
            let notes = manifest["annotations"] as? [String: String]
            guard let name = notes?["org.opencontainers.image.ref.name"], let digest = manifest["digest"] as? String
            else { return nil }
            return (name, digest)
        }
        digests = try Dictionary(names) { first, second in
            try #require(first == second, "a name stands for two images")
            return first
        }
    }

    /// The first image layout below a folder; nil where none is complete.
    static func store(below folder: String) -> URL? {
        let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }
        return found?.first { $0.hasSuffix("/index.json") }.map {
            URL(filePath: folder).appending(path: $0).deletingLastPathComponent()
        }
    }

    /// The names that tell the content, and never stand for another one.
    var contentNames: [String: String] { digests.filter { $0.key.contains(":git-") || $0.key.contains(":key-") } }

    /// Every blob that a name leads to is there and is what its name says, by sha256sum; skopeo reads every image.
    func check() throws {
        var blobs: Set<String> = []
        for digest in Set(digests.values) {
            let bytes = try Data(contentsOf: blob(digest))
            let manifest = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
            let parts = (manifest["layers"] as? [[String: Any]] ?? []) + [manifest["config"] as? [String: Any] ?? [:]]
            blobs.formUnion([digest] + parts.compactMap { $0["digest"] as? String })
        }
        let sums = blobs.sorted().map { "\($0.dropFirst("sha256:".count))  \(blob($0).path())\n" }.joined()
        let list = FileManager.default.temporaryDirectory.appending(path: "sums-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: list) }
        try Data(sums.utf8).write(to: list)
        try Programs.run(["sha256sum", "--check", "--quiet", list.path()], in: store, Self.environment)
        guard Programs.has("skopeo") else { return }
        for (name, digest) in digests {
            let words = ["skopeo", "inspect", "--format", "{{.Digest}}", "oci:\(store.path()):\(name)"]
            let shown = try Programs.run(words, in: store, Self.environment)
            #expect(shown.trimmingCharacters(in: .whitespacesAndNewlines) == digest)
        }
    }

    private func blob(_ digest: String) -> URL { store.appending(path: "blobs/sha256/\(digest.dropFirst(7))") }

    private static let environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
}

extension TemporaryProject {
    /// What the image's latest publication shows: its regular files.
    func shown(_ image: String, by loop: RunningLoop) throws -> [String: String] {
        let line = loop.lines.last { ["pushed", "reused"].contains($0.event) && $0.node == image }
        return try UnpackedImage.files(digest: try #require(line, "\(image) is not published").digest, in: store())
    }
}

extension RunningLoop {
    /// Waits until the loop is idle, and what came from `mark` on is what is meant.
    @discardableResult
    func settle(
        from mark: Int,
        until what: String,
        where isMeant: ([LoopLine]) -> Bool
    ) async throws -> [LoopLine] {
        try await wait(from: mark, for: "idle, and \(what)") { [self] line in
            let all = lines
            return line.event == "idle" && all.last?.text == line.text && isMeant(Array(all.dropFirst(mark)))
        }
        return Array(lines.dropFirst(mark))
    }

    /// Waits for the image's next publication, and then for idle.
    @discardableResult
    func publication(of image: String, from mark: Int) async throws -> LoopLine {
        let lines = try await settle(from: mark, until: "\(image) pushed") { $0.nodes("pushed").contains(image) }
        return try #require(lines.last { $0.event == "pushed" && $0.node == image })
    }
}

extension LoopLine {
    /// The paths of what it waits for.
    var heldPaths: [String] { objects("holds").compactMap { $0["path"] as? String } }

    /// The ids of its diagnostics.
    var diagnostics: [String] { objects("diagnostics").compactMap { $0["id"] as? String } }

    private func objects(_ name: String) -> [[String: Any]] {
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return object?[name] as? [[String: Any]] ?? []
    }
}
