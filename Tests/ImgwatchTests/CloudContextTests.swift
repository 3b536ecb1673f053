/// The archives that CodeBuild gets.

import Foundation
import ImageEngines
import OCI
import Testing

@testable import imgwatch

@Suite struct CloudContextTests {
    private static func entry(
        _ folder: TemporaryFolder,
        _ name: String,
        _ text: String,
        mode: UInt16 = 0o644
    ) throws -> ContextEntry {
        try folder.write(name, text)
        let digest = Digest.sha256(of: Array(text.utf8))
        let kind = ContextEntry.Kind.file(path: folder.path(name), size: text.utf8.count, digest: digest)
        return ContextEntry(path: name, kind: kind, mode: mode, modified: 0)
    }

    private static func context(_ folder: TemporaryFolder, _ entries: [ContextEntry]) throws -> CloudContext {
        let layout = try ImageLayout.open(at: folder.path("layout"))
        return try CloudContext(dockerfile: "FROM scratch\n", entries, in: layout) { false }
    }

    /// Unpacks as Python does, without modes and links, and restores them; gives what `script` prints.
    private static func restored(
        _ context: CloudContext,
        in folder: TemporaryFolder,
        _ script: String
    ) throws -> String {
        try folder.write("out/", "")
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "python3 -m zipfile -e \"$0\" . && sh restore.sh && \(script)", try #require(context.path),
        ]
        process.currentDirectoryURL = URL(filePath: folder.path("out"))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }

    @Test func `two with the same content are two files, and each goes with its owner`() throws {
        let folder = try TemporaryFolder()
        let entries = [try Self.entry(folder, "a", "text")]
        let one = try Self.context(folder, entries)
        var other: CloudContext? = try Self.context(folder, entries)
        #expect(one.digest == other?.digest && one.key == other?.key && one.path != other?.path)
        let path = try #require(other?.path)
        other = nil
        #expect(!FileManager.default.fileExists(atPath: path))
        let kept = try #require(one.path)
        let bytes = try Data(contentsOf: URL(filePath: kept))
        #expect(bytes.count == one.size && Digest.sha256(of: bytes) == one.digest)
        // Who opens the store meanwhile takes it for nothing left over.
        _ = try ImageLayout.open(at: folder.path("layout"))
        #expect(FileManager.default.fileExists(atPath: kept))
    }

    @Test func `modes and links come back, however many there are and whatever they are called`() throws {
        let folder = try TemporaryFolder()
        var entries = try (0..<1000).map { try Self.entry(folder, "files/f \($0)", "", mode: 0o664) }
        entries.insert(ContextEntry(path: "files", kind: .directory, mode: 0o555, modified: 0), at: 0)
        entries.append(try Self.entry(folder, "-R", "run", mode: 0o755))
        entries.append(
            ContextEntry(path: "-link", kind: .symbolicLink(target: "-R"), mode: 0o777, modified: 0)
        )
        let context = try Self.context(folder, entries)
        let lines = try Self.restored(
            context,
            in: folder,
            "cat restore.sh && stat -c '%a %n' context/* && stat -c %a context/files/* | sort | uniq -c"
                + " && readlink context/-link && chmod 755 context/files"
        ).split(separator: "\n").map(String.init)
        #expect(lines.count { $0.hasPrefix("chmod 664 -- ") } == 5)
        #expect(lines.allSatisfy { $0.utf8.count < 10_000 })
        #expect(lines.contains("555 context/files") && lines.contains("755 context/-R"))
        #expect(lines.contains("   1000 664") && lines.last == "-R", "\(lines.suffix(6))")
    }

    @Test func `nothing of it is ignored, and its own ignore file is in it`() throws {
        let folder = try TemporaryFolder()
        let entries = [
            try Self.entry(folder, ".dockerignore", "*\n", mode: 0o600), try Self.entry(folder, "a", "text"),
        ]
        let context = try Self.context(folder, entries)
        let text = try Self.restored(context, in: folder, "cat Dockerfile.dockerignore context/.dockerignore")
        #expect(text == "# nothing\n*\n")
    }
}
