/// What the loader asks of the file system: is there a file, what does it hold.

import Foundation
import Glibc

enum FileKind: Equatable {
    case file
    case folder
    /// A socket, a device.
    case other

    /// nil where there is nothing at `path`, or nothing that can be seen; a link that is not followed is ``other``.
    static func of(_ path: String, followsLinks: Bool = true) -> FileKind? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// What has nearly that name in the folder of that name; the path is relative to `root`, as is the answer.
    static func nearest(to path: String, in root: String, wanted: FileKind? = nil) -> String? {
        let folder = RelativePath.parent(of: path)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)"))?.sorted() ?? []
        let candidates = names.map { RelativePath.join(folder, $0) }
        return Nearest.to(path, in: candidates.filter { wanted == nil || of("\(root)/\($0)") == wanted })
    }
}

package enum AbsolutePath {
    /// Without links, `.` and `..`; nil where there is nothing.
    package static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// `path` in `folder` where it is relative, without `.`, `..` and a trailing slash.
    ///
    /// Links are not looked at.
    package static func clean(_ path: String, in folder: String) -> String {
        var components: [Substring] = []
        for component in (path.hasPrefix("/") ? path : "\(folder)/\(path)").split(separator: "/") where component != "."
        {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}

enum TextFile {
    enum Fault: Error, Equatable {
        case unreadable(String)
        case encoding
        case size
    }

    /// More than any configuration or Dockerfile; what is longer was named by mistake.
    static let maxBytes = 4 << 20

    /// The whole file as UTF-8.
    static func read(_ path: String) throws(Fault) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .unreadable(access(path, R_OK) == 0 ? error.localizedDescription : String(cString: strerror(errno)))
        }
        guard data.count <= maxBytes else { throw .size }
        guard let text = String(validating: data, as: UTF8.self) else { throw .encoding }
        return text
    }
}

extension TextFile.Fault {
    func diagnostic(at place: Place, what: String) -> Diagnostic {
        switch self {
        case .unreadable(let reason):
            Diagnostic(
                id: Rule.unreadable.id,
                place: place,
                reason: "\(what) cannot be read: \(reason)",
                remedy: "Mend its permissions."
            )
        case .encoding:
            Diagnostic(
                id: Rule.unreadable.id,
                place: place,
                reason: "\(what) is not text in UTF-8",
                remedy: "Save it as UTF-8."
            )
        case .size:
            Diagnostic(
                id: Rule.size.id,
                place: place,
                reason: "\(what) is longer than \(TextFile.maxBytes >> 20) MiB",
                remedy: "Name the file that is meant, or make it shorter."
            )
        }
    }
}
