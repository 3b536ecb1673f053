/// Which part of a tree a question is about, as a tree of names, so that trees outside it are never read.

struct PathScope: Sendable {
    /// The next names on the way to the prefixes; empty where ``isWhole``.
    private(set) var children: [String: PathScope] = [:]
    /// Whether a prefix ends here: all below belongs to the question.
    private(set) var isWhole = false

    /// - Parameter prefixes: files or directories, relative to the work tree, without a slash at the end; "" is
    ///   everything.
    init(_ prefixes: [String]) {
        for prefix in prefixes { add(prefix.split(separator: "/")[...]) }
    }

    private init() {}

    private mutating func add(_ names: ArraySlice<Substring>) {
        guard !isWhole else { return }
        guard let name = names.first else {
            (isWhole, children) = (true, [:])
            return
        }
        children[String(name), default: PathScope()].add(names.dropFirst())
    }
}
