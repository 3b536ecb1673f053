/// Where a symbolic link leads.

internal import Glibc

enum LinkTarget {
    /// The link's text; nil where the path is no link, or can't be read.
    static func of(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}

/// The way of a path through the links that stand on it, none of which leads out of the folder.
struct LinkRoute {
    /// As many steps as the kernel itself follows links.
    private static let longestChain = 40

    /// Relative to the folder.
    private(set) var links: [String] = []
    /// Where the path ends, whether or not something is there; nil where links lead in a circle.
    private(set) var end: String?

    /// Follows a path that is relative to the folder; `..` and absolute targets stay in it, as in BuildKit.
    init(_ path: String, in folder: String) {
        var done: [Substring] = []
        var open = Array(path.split(separator: "/").reversed())
        while let next = open.popLast() {
            if next == "." { continue }
            if next == ".." {
                _ = done.popLast()
                continue
            }
            done.append(next)
            let place = done.joined(separator: "/")
            guard let target = LinkTarget.of(folder + "/" + place) else { continue }
            guard links.count < Self.longestChain else { return }
            links.append(place)
            done = target.hasPrefix("/") ? [] : done.dropLast()
            open += target.split(separator: "/").reversed()
        }
        end = done.joined(separator: "/")
    }
}
