/// Paths that changed, as a tree of names.
///
/// The paths are in the order of the tree, so that those below one folder are side by side.
struct ChangedNames {
    private struct Changed {
        /// The path's names, each with a zero at its end.
        var bytes: [UInt8]
        var isWhole: Bool
    }

    /// Whatever is there and below may be new.
    let isWhole: Bool
    private let below: ArraySlice<Changed>
    /// So many bytes lead to this folder.
    private let depth: Int

    init(_ paths: some Sequence<ChangedPath>) {
        var changed = paths.map { path in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(path.path.utf8.count + 1)
            for name in path.path.utf8.split(separator: 0x2F) {
                bytes += name
                bytes.append(0)
            }
            return Changed(bytes: bytes, isWhole: path.isWhole)
        }
        changed.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        self.init(changed[...], at: 0)
    }

    private init(_ changed: ArraySlice<Changed>, at depth: Int) {
        let own = changed.prefix { $0.bytes.count == depth }
        isWhole = own.contains(where: \.isWhole)
        (below, self.depth) = (changed.dropFirst(own.count), depth)
    }

    /// In the order of the names' bytes.
    var children: [(name: String, change: ChangedNames)] {
        var children: [(name: String, change: ChangedNames)] = []
        var rest = below
        while let first = rest.first {
            let end = first.bytes[depth...].firstIndex(of: 0) ?? first.bytes.endIndex
            let name = first.bytes[depth...end]
            let same = rest.prefix { $0.bytes[depth...].starts(with: name) }
            children.append((String(decoding: name.dropLast(), as: UTF8.self), ChangedNames(same, at: end + 1)))
            rest = rest.dropFirst(same.count)
        }
        return children
    }
}
