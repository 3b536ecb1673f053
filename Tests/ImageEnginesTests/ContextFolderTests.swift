/// Contexts for engines, on a real disk.

import Foundation
import Glibc
import OCI
import Testing

@testable import ImageEngines

@Suite struct ContextFolderTests {
    private final class Place {
        let root = NSTemporaryDirectory() + "context-\(UUID().uuidString)"
        init() throws { try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true) }
        deinit { _ = try? Process.run(URL(filePath: "/bin/rm"), arguments: ["-rf", root]) }

        func file(_ name: String, _ text: String) throws -> ContextEntry.Kind {
            try text.write(toFile: root + "/" + name, atomically: false, encoding: .utf8)
            return .file(path: root + "/" + name, size: text.utf8.count, digest: .sha256(of: text.utf8))
        }

        func stat(_ name: String) -> stat {
            var status = Glibc.stat()
            lstat(root + "/context/" + name, &status)
            return status
        }
    }

    private static let time: Int64 = 1_000_000_000_123_456_789

    @Test func `files, folders and links are there with modes and times`() throws {
        let place = try Place()
        let entries = [
            ContextEntry(path: "closed", kind: .directory, mode: 0o500, modified: Self.time),
            ContextEntry(path: "closed/f", kind: try place.file("f", "text"), mode: 0o4751, modified: Self.time),
            ContextEntry(path: "link", kind: .symbolicLink(target: "closed/f"), mode: 0o777, modified: Self.time),
            ContextEntry(path: "un/named/g", kind: try place.file("g", ""), mode: 0o600, modified: Self.time),
        ]
        try ContextFolder(place.root + "/context") { false }.write(entries)
        #expect(try String(contentsOfFile: place.root + "/context/link", encoding: .utf8) == "text")
        #expect(place.stat("closed").st_mode & 0o7777 == 0o500 && place.stat("closed/f").st_mode & 0o7777 == 0o4751)
        #expect(place.stat("un/named").st_mode & 0o7777 == 0o755)
        for name in ["closed", "closed/f", "link", "un/named/g"] {
            let time = place.stat(name).st_mtim
            #expect(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) == Self.time)
        }
        chmod(place.root + "/context/closed", 0o700)
    }

    @Test(arguments: ["other", "texts", ""])
    func `a file that is not what the key names ends it`(now: String) throws {
        let place = try Place()
        let entry = ContextEntry(path: "f", kind: try place.file("f", "text"), mode: 0o644, modified: 0)
        _ = try place.file("f", now)
        #expect {
            try ContextFolder(place.root + "/context") { false }.write([entry])
        } throws: { error in
            if case ContextProblem.changed(place.root + "/f") = error { true } else { false }
        }
    }

    @Test func `it is given up when nobody wants it`() throws {
        let place = try Place()
        let entry = ContextEntry(path: "f", kind: try place.file("f", "text"), mode: 0o644, modified: 0)
        #expect {
            try ContextFolder(place.root + "/context") { true }.write([entry])
        } throws: { error in
            if case ContextProblem.cancelled = error { true } else { false }
        }
    }
}
