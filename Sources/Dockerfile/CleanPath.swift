/// Paths as text: no file is looked at, so `..` takes away the name before it, whatever that is.

enum CleanPath {
    /// Without empty parts, `.` and `..` where there is something to go up from; "." for nothing.
    static func clean(_ path: String) -> String {
        let isAbsolute = path.begins(with: "/")
        var parts: [Substring] = []
        for part in path.pathNames where part != "." {
            if part != ".." {
                parts.append(part)
            } else if let last = parts.last, last != ".." {
                parts.removeLast()
            } else if !isAbsolute {
                parts.append(part)
            }
        }
        if isAbsolute { return "/" + parts.joined(separator: "/") }
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }

    /// Absolute and clean; a relative path is one from this folder.
    static func absolute(_ path: String, in directory: String) -> String {
        clean(path.begins(with: "/") ? path : "/\(directory)/\(path)")
    }

    /// The folder that a WORKDIR means: an absolute path stays as it is written, a relative one is joined and cleaned.
    static func workingDirectory(_ path: String, in directory: String) -> String {
        if path.isEmpty { return directory.isEmpty ? "/" : directory }
        return path.begins(with: "/") ? path : absolute(path, in: directory)
    }

    /// A destination: absolute and clean but for a `/` or `/.` at its end, which says that it is a folder.
    static func destination(_ path: String, in directory: String) -> String {
        let cleaned = absolute(path, in: directory)
        if path.isEmpty || path == "." || path.ends(with: "/") { return cleaned == "/" ? "/" : cleaned + "/" }
        if path.ends(with: "/.") { return cleaned == "/" ? "/." : cleaned + "/." }
        return cleaned
    }
}

extension Copy {
    /// A source as a clean path in the context or in the image that it comes from.
    ///
    /// Wildcards stay, a leading `/` goes away, `..` does not lead out; "" is all of it.
    package static func cleanedSource(_ written: String) -> String {
        String(CleanPath.clean("/" + written).dropFirst())
    }

    /// With `--parents`: the folder whose content is copied, and which of it; the folders behind `/./` are kept.
    package static func pivot(of source: String) -> (folder: String, pattern: String) {
        guard let pivot = source.firstRange(of: "/./") else { return ("", cleanedSource(source)) }
        return (cleanedSource(String(source[..<pivot.lowerBound])), cleanedSource(String(source[pivot.upperBound...])))
    }
}
