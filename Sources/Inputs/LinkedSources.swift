/// What a node reads by way of links: the links are inputs, and so is what they lead to.

internal import Dockerfile
internal import Glibc
package import Project

package struct LinkedSources: Equatable, Sendable {
    /// What the node reads besides what its definition names, in its own notation: paths relative to the context like
    /// the sources of `COPY`, or patterns like the inputs of a step.
    package private(set) var sources: [String] = []
    /// The links that it reads through, relative to the project's root.
    package private(set) var links: Set<String> = []
    /// Links that lead to no file, and the folders that they lead to, relative to the project's root: once something
    /// else is there, the node may read more.
    package private(set) var turns: Set<String> = []
    /// The links on the way to each of ``sources``, relative to the project's root.
    package private(set) var ways: [String: [String]] = [:]

    package static let none = LinkedSources()

    private init() {}

    /// Follows the sources of `COPY` inside the context, those too that a wildcard finds.
    ///
    /// Links in a folder that is copied are copied as links, and not followed (BuildKit's `FollowPaths`).
    package init(of image: Image, in root: String) {
        let folder = image.context.isEmpty ? root : root + "/" + image.context
        for source in image.variants.contextPaths {
            let parts = source.path.pathNames.map(String.init)
            let start = parts.firstIndex { (try? WildcardPattern($0))?.hasWildcards ?? true } ?? parts.count
            let route = LinkRoute(parts[..<start].joined(separator: "/"), in: folder, isConfined: true)
            add(route, below: image.context, route.links + route.end(followedBy: parts[start...]))
            let names = parts[start...].compactMap { try? WildcardPattern($0) }
            guard let end = route.end, !names.isEmpty, names.count == parts.count - start else { continue }
            // What is ignored is not there for a wildcard to find; nobody watches the folders that are.
            for link in Self.links(matching: names[...], below: end, in: folder)
            where !image.ignorePatterns.matches(link) {
                let route = LinkRoute(link, in: folder, isConfined: true)
                add(route, below: image.context, route.links + route.end(followedBy: []))
            }
        }
    }

    /// Follows patterns where they begin, and the links that they find where these lead to a file.
    ///
    /// A command sees what a link leads to; but, as in a shell, wildcards do not go through links to folders.
    package init(of step: Step, in root: String) {
        for pattern in step.inputs {
            let route = LinkRoute(pattern.staticPrefix, in: root, isConfined: false)
            let moved = route.end.map { [pattern.moved(to: $0)] } ?? []
            add(route, below: "", route.links.map(PathPattern.escaped) + moved)
        }
        var seen = links
        while let found = try? Self.links(in: InputScope(of: step, linked: self), below: root) {
            let new = found.filter { seen.insert($0).inserted }.sorted()
            if new.isEmpty { return }
            for route in new.map({ LinkRoute($0, in: root, isConfined: false) }) {
                guard let end = route.end, FileStat(of: root + "/" + end)?.isDirectory != true else {
                    turns.formUnion(route.links + (route.end.map { [$0] } ?? []))
                    continue
                }
                add(route, below: "", (route.links + [end]).map(PathPattern.escaped))
            }
        }
    }

    /// The links on the way to a file of the project and the file that they lead to, relative to the root.
    ///
    /// Empty where the path leads through no link.
    package static func ends(of path: String, in root: String) -> [String] {
        let route = LinkRoute(path, in: root, isConfined: false)
        return route.links + route.end(followedBy: [])
    }

    /// Whether a link is somewhere below the folder, an absolute path, or so much that it is not worth a look.
    package static func mayHoldLink(_ folder: String) -> Bool {
        var room = 10_000
        return mayHoldLink(folder, &room)
    }

    private static func mayHoldLink(_ folder: String, _ room: inout Int) -> Bool {
        guard var listing = FolderListing(of: folder) else { return errno != ENOENT && errno != ENOTDIR }
        while let entry = listing.next() {
            room -= 1
            let isPlain = entry.isText && (entry.isFile || entry.isFolder)
            if room < 0 || !isPlain || entry.isFolder && mayHoldLink(folder + "/" + entry.name, &room) { return true }
        }
        return false
    }

    private mutating func add(_ route: LinkRoute, below context: String, _ new: [String]) {
        guard !route.links.isEmpty else { return }
        let way = route.links.map { context.isEmpty ? $0 : context + "/" + $0 }
        links.formUnion(way)
        for source in new where !sources.contains(where: source.isSame) {
            sources.append(source)
            ways[source] = way
        }
    }

    /// The links among what the scope reads.
    private static func links(in scope: InputScope, below root: String) throws(TreeReader.Failure) -> [String] {
        let reader = TreeReader(root: root, scope: scope, skipsFiles: true)
        return Reading(top: try reader.read()).files.filter(\.stat.isLink).map(\.path)
    }

    /// The links below a folder of the context that fit the names, one for each folder on the way and the last.
    private static func links(
        matching names: ArraySlice<WildcardPattern>,
        below path: String,
        in folder: String
    ) -> [String] {
        guard let name = names.first, var listing = FolderListing(of: path.isEmpty ? folder : folder + "/" + path)
        else {
            return []
        }
        var found: [String] = []
        while let entry = listing.next() {
            guard entry.isText, name.matches(entry.name) else { continue }
            let place = path.isEmpty ? entry.name : path + "/" + entry.name
            if names.count > 1 {
                found += links(matching: names.dropFirst(), below: place, in: folder)
            } else if entry.isLink {
                found.append(place)
            }
        }
        return found
    }
}

extension LinkRoute {
    /// The end and what follows it, where there are links; else there is nothing to add.
    fileprivate func end(followedBy rest: ArraySlice<String>) -> [String] {
        guard let end, !links.isEmpty else { return [] }
        return [([end] + rest).filter { !$0.isEmpty }.joined(separator: "/")]
    }
}

extension PathPattern {
    /// The same below another folder.
    fileprivate func moved(to folder: String) -> String {
        let rest = text.pathNames.dropFirst(staticPrefix.pathNames.count).map(String.init)
        let path = ([Self.escaped(folder)] + rest).filter { !$0.isEmpty }.joined(separator: "/")
        return (path.isEmpty ? "." : path) + (namesFolder && rest.last != "**" ? "/" : "")
    }

    /// A pattern that names this very path.
    fileprivate static func escaped(_ path: String) -> String {
        path.unicodeScalars.map { "*?[]{}!\\".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
    }
}
