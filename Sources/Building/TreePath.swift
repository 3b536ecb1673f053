/// Paths in an image compare by their bytes, and sort in the order in which a tar lists them.

internal import Dockerfile

/// Relative to the root, clean, without a slash at either end; "" is the root.
///
/// Swift's own texts are equal where Unicode holds them for the same; two file names with the same look are two files.
package struct TreePath: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    /// Takes any path: relative ones start at the root, `.` and `..` are resolved, and nothing leaves the root.
    init(cleaning path: some StringProtocol) {
        var parts: [Substring] = []
        for part in Substring(path).pathNames where part != "." {
            if part != ".." { parts.append(part) } else { _ = parts.popLast() }
        }
        text = parts.joined(separator: "/")
    }

    static let root = TreePath("")

    var isRoot: Bool { text.isEmpty }

    /// The folder that holds it; the root's is the root.
    var parent: TreePath {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return .root }
        return TreePath(String(text[..<slash]))
    }

    var name: String {
        guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return text }
        return String(text[text.utf8.index(after: slash)...])
    }

    /// `path` is relative too.
    func appending(_ path: String) -> TreePath {
        if isRoot { return TreePath(path) }
        return path.isEmpty ? self : TreePath(text + "/" + path)
    }

    /// Whether it is below the other path.
    func isBelow(_ folder: TreePath) -> Bool {
        if folder.isRoot { return !isRoot }
        return text.utf8.count > folder.text.utf8.count + 1 && text.utf8.starts(with: (folder.text + "/").utf8)
    }

    /// The rest of the path below a folder that is above it.
    func relative(to folder: TreePath) -> String {
        guard !folder.isRoot else { return text }
        return String(decoding: text.utf8.dropFirst(folder.text.utf8.count + 1), as: UTF8.self)
    }

    package static func == (left: TreePath, right: TreePath) -> Bool {
        left.withBytes { left in
            right.withBytes { right in left.count == right.count && left.elementsEqual(right) }
        }
    }

    package func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// A folder before what is in it, names by their bytes: Go's `filepath.Walk`, which is BuildKit's order.
    package static func < (left: TreePath, right: TreePath) -> Bool {
        left.withBytes { left in
            right.withBytes { right in
                let common = min(left.count, right.count)
                var index = 0
                while index < common, left[index] == right[index] { index += 1 }
                guard index < common else { return left.count < right.count }
                return weight(left[index]) < weight(right[index])
            }
        }
    }

    /// The slash sorts before all that a name can hold.
    private static func weight(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }

    private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
        return Array(text.utf8).withUnsafeBufferPointer(body)
    }
}
