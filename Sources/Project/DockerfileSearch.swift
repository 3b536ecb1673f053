/// Finds a project's Dockerfiles, and names the images that they make.

import Foundation

struct DockerfileSearch {
    /// Relative to the root.
    struct Found: Equatable {
        var path: String
        /// Unique among all, and valid in an image's reference.
        var name: String
    }

    private let root: String
    private var seen = 0
    private var paths: [String] = []

    private static let maxDepth = 5
    private static let maxEntries = 20_000
    private static let maxFiles = 50
    /// Folders whose Dockerfiles belong to somebody else, or to nobody any more.
    private static let skipped: Set = ["node_modules", "vendor", "target", "venv", "__pycache__", "third_party"]
    /// Folders that hold Dockerfiles for something beside them: their own name says nothing of an image.
    private static let gathering: Set = [
        "docker", ".docker", "dockerfiles", "container", "containers", "build", "deploy", "images", "ci", "package",
    ]
    /// What follows the last dot of a file that is not itself a Dockerfile.
    private static let foreign: Set = [
        "dockerignore", "md", "txt", "bak", "orig", "swp", "tmp", "j2", "jinja", "tmpl", "template", "in", "sh", "json",
        "yml", "yaml",
    ]

    /// In the order of their paths, those of outer folders first; bounded in depth and number.
    static func run(in root: String) -> [Found] {
        var search = DockerfileSearch(root: root)
        search.visit("", depth: 0)
        return search.named()
    }

    static func isGathering(_ folder: String) -> Bool {
        folder.split(separator: "/").last.map { gathering.contains(String($0)) } ?? false
    }

    static func isDockerfile(_ name: String) -> Bool {
        if name == "Dockerfile" { return true }
        guard let dot = name.lastIndex(of: "."), !foreign.contains(String(name[dot...].dropFirst())) else {
            return false
        }
        return name.hasPrefix("Dockerfile.") && name.utf8.count > 11
            || name.hasSuffix(".Dockerfile") && name.utf8.count > 11
    }

    private init(root: String) { self.root = root }

    private mutating func visit(_ folder: String, depth: Int) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)"))?.sorted() ?? []
        var folders: [String] = []
        for name in names {
            seen += 1
            guard seen <= Self.maxEntries, paths.count < Self.maxFiles else { return }
            let path = RelativePath.join(folder, name)
            if Self.isDockerfile(name), FileKind.of("\(root)/\(path)") == .file {
                paths.append(path)
            } else if name == ".docker" || !name.hasPrefix("."), !Self.skipped.contains(name) {
                folders.append(path)
            }
        }
        guard depth < Self.maxDepth else { return }
        for path in folders where FileKind.of("\(root)/\(path)", followsLinks: false) == .folder {
            visit(path, depth: depth + 1)
        }
    }

    private func named() -> [Found] {
        var taken: Set<String> = []
        return paths.map { path in
            let candidates = candidates(for: path)
            let name =
                candidates.first { !taken.contains($0) }
                ?? (2...).lazy.map { "\(candidates[0])-\($0)" }.first { !taken.contains($0) } ?? candidates[0]
            taken.insert(name)
            return Found(path: path, name: name)
        }
    }

    /// After the suffix or prefix of the file's own name, else after the folder; both where one alone is taken.
    private func candidates(for path: String) -> [String] {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        var folder = RelativePath.parent(of: path)
        while Self.isGathering(folder) { folder = RelativePath.parent(of: folder) }
        let place = folder.isEmpty ? root : folder
        let folderName = place.split(separator: "/").last.map(String.init) ?? "image"
        var own = file
        if own.hasPrefix("Dockerfile") { own = String(own.dropFirst("Dockerfile.".count)) }
        if own.hasSuffix(".Dockerfile") { own = String(own.dropLast(".Dockerfile".count)) }
        let nearest = path.split(separator: "/").dropLast().last.map(String.init) ?? folderName
        return (own.isEmpty ? [folderName, folder] : [own, "\(nearest)-\(own)"])
            .map(ReferenceSyntax.suggestedName)
    }
}
