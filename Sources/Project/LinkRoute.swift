/// Where symbolic links lead.

internal import Dockerfile
internal import Glibc

package enum LinkTarget {
    /// The link's text; nil where the path is no link, or can't be read.
    package static func of(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(path, start, buffer.count)
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}

/// The way of a path through the links that stand on it.
package struct LinkRoute {
    /// As many steps as the kernel itself follows links.
    private static let longestChain = 40

    /// Relative to the folder.
    package private(set) var links: [String] = []
    /// Where the path ends, whether or not something is there; nil where links lead in a circle, or out of the folder.
    package private(set) var end: String?

    /// Follows a path that is relative to the folder.
    ///
    /// Confined to a context, links are as in BuildKit: `..` and absolute targets stay in it. To a command they lead
    /// where the kernel says.
    package init(_ path: String, in folder: String, isConfined: Bool) {
        var done: [Substring] = []
        var open = Array(path.pathNames.reversed())
        while let next = open.popLast() {
            if next == "." { continue }
            if next == ".." {
                guard done.popLast() != nil || isConfined else { return }
                continue
            }
            done.append(next)
            let place = done.joined(separator: "/")
            guard let target = LinkTarget.of(folder + "/" + place) else { continue }
            guard links.count < Self.longestChain else { return }
            links.append(place)
            var way = target[...]
            if target.begins(with: "/"), !isConfined {
                guard let inside = RelativePath.relative(target, to: folder) else { return }
                way = inside[...]
            }
            done = target.begins(with: "/") ? [] : done.dropLast()
            open += way.pathNames.reversed()
        }
        end = done.joined(separator: "/")
    }
}
