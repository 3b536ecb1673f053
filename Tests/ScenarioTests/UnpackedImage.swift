/// Reads images back without a line of our own code.

import Foundation

/// What a container of an image would see, unpacked by tar, which knows nothing of us.
enum UnpackedImage {
    /// The image's regular files by path, with their content; all of them, or those below a folder.
    static func files(digest: String, in store: URL, below part: String = "") throws -> [String: String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "image-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for layer in try StoredManifest(digest: digest, in: store).layers {
            let blob = store.appending(path: "blobs/sha256/\(layer.dropFirst("sha256:".count))")
            try Programs.run(["tar", "-xzf", blob.path(), "-C", folder.path()], in: store, ["PATH": "/usr/bin:/bin"])
        }
        return try contents(of: folder.appending(path: part))
    }

    static func contents(of folder: URL) throws -> [String: String] {
        var files: [String: String] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder.path()) ?? .init() {
            let place = folder.path() + "/" + path
            let kind = try FileManager.default.attributesOfItem(atPath: place)[.type] as? FileAttributeType
            guard kind == .typeRegular, let bytes = FileManager.default.contents(atPath: place) else { continue }
            files[path] = String(decoding: bytes, as: UTF8.self)
        }
        return files
    }
}
