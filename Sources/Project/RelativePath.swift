/// A path as the configuration writes it, made clean: what every path of the project must hold to.

import Dockerfile

/// Relative to the root, without `.`, `..` and doubled slashes.
struct RelativePath: Equatable {
    /// No slash at either end; "" is the root.
    var path: String
    /// Written with a trailing slash (or `.` or `..` as the last component).
    var isDirectory: Bool

    enum Fault: Error, Equatable {
        case empty
        case absolute
        case leaves
        case control
    }

    /// In a pattern `..` cannot take back a component that has a wildcard.
    init(_ text: String, isPattern: Bool = false) throws(Fault) {
        if text.isEmpty { throw .empty }
        if text.begins(with: "/") { throw .absolute }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) { throw .control }
        var components: [Substring] = []
        let bytes = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let written = bytes.map { Substring($0) }
        for component in written where !component.isEmpty && component != "." {
            guard component == ".." else {
                components.append(component)
                continue
            }
            guard let last = components.popLast(), !isPattern || !last.contains(where: { "*?[".contains($0) }) else {
                throw .leaves
            }
        }
        path = components.joined(separator: "/")
        isDirectory = components.isEmpty || ["", ".", ".."].contains(written.last)
    }

    /// The folder that holds this path; "" is the root.
    static func parent(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : name.isEmpty ? folder : "\(folder)/\(name)"
    }

    /// `path` relative to `folder`, where it is that folder or lies below it.
    static func relative(_ path: String, to folder: String) -> String? {
        guard !folder.isEmpty else { return path }
        guard OutputPath(path: folder, isDirectory: true).covers(path) else { return nil }
        return String(path.utf8.dropFirst(folder.utf8.count + 1)) ?? path
    }
}

extension RelativePath.Fault {
    /// `what` is the thing that the path is, with its article: `the output`.
    func diagnostic(of text: String, at place: Place, what: String) -> Diagnostic {
        let (reason, remedy) =
            switch self {
            case .empty:
                ("is no path", "Name a path relative to the configuration's folder; the folder itself is `.`.")
            case .absolute:
                (
                    "is absolute, but every path here is relative to the configuration's folder",
                    "Write it without the leading slash, relative to the configuration's folder."
                )
            case .leaves:
                (
                    "leads out of the project, and what lies outside is not watched",
                    "Move the file into the project, or the configuration up to a folder that holds both."
                )
            case .control:
                ("holds a control character", "Write the path on one line, without tabs.")
            }
        return Diagnostic(
            id: Rule.path.id,
            place: place,
            reason: "\(what) `\(text)` \(reason)",
            remedy: remedy
        )
    }
}
