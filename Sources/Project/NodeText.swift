/// What a configuration says of one node, so that two versions of the file can be compared for that node alone.

extension Loader {
    /// The node's own keys, and of those at the top what counts for all of its kind, as one canonical text.
    ///
    /// What is deployed of an image makes it no other image.
    /// Comments, spaces, the order of keys and other nodes do not show in it, and variables are not filled in.
    /// nil where `configuration` is no YAML, or names no such node.
    package static func text(of node: String, in configuration: String) -> String? {
        var reader = YAMLReader(file: fileName)
        guard let root = reader.read(configuration), reader.problems.isEmpty else { return nil }
        if let step = root["steps"]?[node] {
            let shared = ["env", "timeout"].compactMap { key in root[key].map { "\(key): \($0.canonical)" } }
            return (["step: \(step.canonical)"] + shared).joined(separator: "\n")
        }
        guard let image = root["images"]?[node] else { return nil }
        let keys = ["compression", "revision", "platforms", "builder", "network"]
        let shared = keys.compactMap { key in
            root[key].map { "\(key): \($0.canonical)" }
        }
        return (["image: \(image.without("deploy").canonical)"] + shared).joined(separator: "\n")
    }
}

extension Tree {
    fileprivate subscript(key: String) -> Tree? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    fileprivate func without(_ key: String) -> Tree {
        guard case .mapping(let entries) = content else { return self }
        var tree = self
        tree.content = .mapping(entries.filter { $0.key != key })
        return tree
    }

    /// Like JSON, the keys sorted; a scalar's type shows, and whether it was in quotes otherwise does not.
    fileprivate var canonical: String {
        switch content {
        case .scalar(let text): return kind == .string ? text.debugDescription : text
        case .sequence(let items): return "[\(items.map(\.canonical).joined(separator: ","))]"
        case .mapping(let entries):
            let pairs = entries.sorted { $0.key < $1.key }.map { "\($0.key.debugDescription):\($0.value.canonical)" }
            return "{\(pairs.joined(separator: ","))}"
        }
    }
}
