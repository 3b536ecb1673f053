/// The checkout that the tests stand in: its files, and what git tracks of them.

import Foundation
import Testing

enum Repository {
    /// Real path, no trailing slash.
    static let root: String = {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath()
        return file.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path()
            .trimmingSuffix("/")
    }()

    /// Every Swift file below `Sources` and `Tests`, in the order of their paths.
    static let sources: [SourceFile] = ["Sources", "Tests"].flatMap(swiftFiles)

    private static func swiftFiles(below area: String) -> [SourceFile] {
        let paths = FileManager.default.enumerator(atPath: root + "/" + area)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
            text(of: area + "/" + path).map { SourceFile(path: area + "/" + path, text: $0) }
        }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    /// nil where there is no such file, or it is no UTF-8.
    static func text(of path: String) -> String? { try? String(contentsOfFile: root + "/" + path, encoding: .utf8) }

    static func folders(in path: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + path)) ?? []
        return names.sorted().filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(root)/\(path)/\(name)", isDirectory: &isFolder)
                && isFolder.boolValue
        }
    }

    /// The paths that git tracks; empty where this is no git checkout, as in a source archive.
    static let tracked: [String] = {
        let git = Process()
        let output = Pipe()
        git.executableURL = URL(filePath: "/usr/bin/env")
        git.arguments = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        guard exists(".git"), (try? git.run()) != nil else { return [] }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        return String(decoding: data, as: UTF8.self).split(separator: "\0").map(String.init)
    }()
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
