/// What the tests of this folder share: a folder of their own, programs that may be missing, the oracles.

import Foundation

@testable import OCI

/// A folder that lives as long as the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "oci-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ content: [UInt8]) throws -> String {
        let path = path + "/" + name
        try Data(content).write(to: URL(filePath: path))
        return path
    }
}

/// A program of the machine; nil where it is not installed.
struct Program {
    let path: String

    init?(_ name: String) {
        let folders = ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin"]
        guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/" + name) })
        else { return nil }
        path = folder + "/" + name
    }

    /// Gives the status and what the program wrote to either stream.
    func run(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

/// Data from authoritative sources, beside the repository; missing on machines that were not given them.
enum Oracles {
    static func path(_ name: String) -> String {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        let repository = file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return repository.deletingLastPathComponent().appending(path: "shared/oracles/\(name)").path
    }

    static func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    static func read(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: path(name)))) }
}

extension ImageLayout {
    /// Packs members with contents; the folder must outlive the layout.
    func pack(
        _ members: [(TarEntry, [UInt8])],
        encoding: LayerEncoding = .stored,
        modificationTime: Int = 0
    ) throws -> LayerRecord {
        var writer = try LayerWriter(layout: self, encoding: encoding, modificationTime: modificationTime)
        for (entry, content) in members {
            guard entry.size > 0 else {
                try writer.append(entry)
                continue
            }
            var rest = content[...]
            let digest = try writer.append(entry) { buffer in
                let part = rest.prefix(buffer.count)
                buffer.copyBytes(from: part)
                rest = rest.dropFirst(part.count)
                return part.count
            }
            guard digest == Digest.sha256(of: content) else { throw OCIError.contentEnded(path: entry.path) }
        }
        return try writer.finish()
    }

    /// A whole small image of one layer with one file, without a tag.
    func sampleImage(_ text: String = "hello\n", annotations: [String: String] = [:]) throws -> Descriptor {
        let content = Array(text.utf8)
        let layer = try pack([
            (TarEntry(path: "folder", kind: .directory, mode: 0o755), []),
            (TarEntry(path: "folder/file", kind: .file(size: content.count), mode: 0o644), content),
        ])
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.diffIDs = [layer.diffID]
        configuration.execution.command = ["/folder/file"]
        configuration.history = [.init(created: "1970-01-01T00:00:00Z", createdBy: "COPY . /folder")]
        let descriptor = try writeBlob(configuration.encoded(), mediaType: MediaType.configuration)
        let manifest = Manifest(configuration: descriptor, layers: [layer.descriptor], annotations: annotations)
        return try writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
    }
}
