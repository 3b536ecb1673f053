/// The archive that CodeBuild gets: the Dockerfile, and in a folder beside it the files that the Dockerfile reads.

import AWS
import Engine
import Glibc
import ImageEngines
import OCI
import Project

extension CloudSettings {
    /// `BUCKET/KEY` of an object in the bucket for contexts.
    func place(of key: String) -> String { "\(bucket ?? "")/\(key)" }
}

/// An archive in the store; it goes with its owner, and no other one with it that has the same content.
final class CloudContext: Sendable {
    let digest: Digest
    /// In bytes.
    let size: Int
    /// nil where the bucket is known to have it.
    let path: String?
    private let file: OwnedFile?

    /// Where it lies in the bucket.
    var key: String { "\(Self.folder)/\(digest.hex).zip" }
    static let folder = "contexts"

    /// One that was packed before, and is in the bucket.
    init(digest: Digest, size: Int) {
        (self.digest, self.size) = (digest, size)
        path = nil
        file = nil
    }

    /// The same for the same archive, without its bytes.
    static func signature(_ dockerfile: String, _ buildspec: String?, _ files: [ContextEntry]) -> Digest {
        var texts = [dockerfile, buildspec ?? ""]
        for file in files {
            let kind =
                switch file.kind {
                case .directory: "folder"
                case .symbolicLink(let target): "link \(target)"
                case .file(_, _, let digest): "\(digest)"
                }
            texts += [file.path, "\(file.mode)", kind]
        }
        return Digest.sha256(of: Array(texts.joined(separator: "\0").utf8))
    }

    /// The same files are the same bytes, wherever and whenever they are packed: times and owners are not in it.
    ///
    /// With the buildspec where the build is not started with one.
    init(
        dockerfile: String,
        buildspec: String? = nil,
        _ files: [ContextEntry],
        in layout: ImageLayout,
        isCancelled: () -> Bool
    ) throws(ImageProblem) {
        do throws(OCIError) {
            var writer = try ZipWriter(in: layout)
            try writer.add("Dockerfile", Array(dockerfile.utf8), permissions: 0o644)
            // What is in the context is needed: a `.dockerignore` there is nothing but a file that the image gets.
            try writer.add("Dockerfile.dockerignore", Array("# nothing\n".utf8), permissions: 0o644)
            if let buildspec { try writer.add("buildspec.yml", Array(buildspec.utf8), permissions: 0o644) }
            if let script = Self.restoring(files) {
                try writer.add("restore.sh", Array(script.utf8), permissions: 0o755)
            }
            try writer.add(folder: "context", permissions: 0o755)
            var changed: String?
            for file in files {
                guard !isCancelled() else { break }
                let name = "context/" + file.path
                switch file.kind {
                case .directory: try writer.add(folder: name, permissions: file.mode)
                case .symbolicLink(let target): try writer.add(link: name, target: target)
                case .file(let source, _, let digest):
                    if try writer.add(file: source, as: name, permissions: file.mode) != digest { changed = source }
                }
                if changed != nil { break }
            }
            // What is not whole gets no name.
            if let changed { throw OCIError.contentEnded(path: changed) }
            let file = try writer.finish()
            (digest, size, path) = (file.digest, file.size, file.path)
            self.file = consume file
        } catch {
            if isCancelled() { throw .cancelled }
            switch error {
            case .contentEnded(let path): throw .inputChanged(path: path)
            case .fileSystem(_, let path, ENOENT): throw .inputChanged(path: path)
            default: throw ImageProblem(error)
            }
        }
    }

    private static let namesPerLine = 200

    /// The commands that give the files what whoever unpacks the archive may have lost: modes and links.
    ///
    /// nil where nothing can be lost.
    private static func restoring(_ files: [ContextEntry]) -> String? {
        var commands: [String] = []
        var modes: [UInt16: [String]] = [:]
        for file in files {
            let name = ShellText.quoted("context/" + file.path)
            switch file.kind {
            case .directory: if file.mode != 0o755 { modes[file.mode, default: []].append(name) }
            case .symbolicLink(let target): commands.append("ln -sfn -- \(ShellText.quoted(target)) \(name)")
            case .file: if file.mode != 0o644 { modes[file.mode, default: []].append(name) }
            }
        }
        // A folder that nobody may write to is closed last, and what is deeper first.
        for (mode, names) in modes.sorted(by: { $0.key > $1.key }) {
            // A command can't be as long as one likes.
            let names = Array(names.reversed())
            for start in stride(from: 0, to: names.count, by: namesPerLine) {
                let some = names[start..<min(start + namesPerLine, names.count)].joined(separator: " ")
                commands.append("chmod \(String(mode, radix: 8)) -- \(some)")
            }
        }
        return commands.isEmpty ? nil : (["set -e"] + commands).joined(separator: "\n") + "\n"
    }
}
