/// What the sources of `COPY` that are links lead to: BuildKit follows them inside the context.

package enum LinkedSources {
    private static let longestChain = 40

    /// - Parameters:
    ///   - sources: Literal paths, relative to the context.
    ///   - context: Relative to the root.
    /// - Returns: Where those of them lead that go through a link, relative to the context, and the links themselves.
    package static func targets(of sources: [String], in root: String, context: String) -> [String] {
        let folder = context.isEmpty ? root : root + "/" + context
        return sources.flatMap { follow($0, in: folder) }
    }

    private static func follow(_ source: String, in folder: String) -> [String] {
        var met: [String] = []
        var done: [Substring] = []
        var open = source.split(separator: "/").reversed().map { $0 }
        var hops = 0
        while let next = open.popLast() {
            if next == "." { continue }
            if next == ".." {
                _ = done.popLast()
                continue
            }
            let path = (done + [next]).joined(separator: "/")
            guard let target = LinkTarget.of(folder + "/" + path) else {
                done.append(next)
                continue
            }
            hops += 1
            guard hops <= longestChain else { return met }
            met.append(path)
            if target.hasPrefix("/") { done = [] }
            open += target.split(separator: "/").reversed()
        }
        guard hops > 0 else { return [] }
        return met + [done.joined(separator: "/")]
    }
}
