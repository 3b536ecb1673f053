/// Which paths a node reads: declared for a step, less its own outputs; derived from the Dockerfile for an image.

internal import Dockerfile
package import Project

/// All paths are relative to the project's root, clean, without a trailing slash; "" is the root.
package struct InputScope: Equatable, Sendable {
    enum Kind: Sendable {
        /// The first patterns are those of `inputs`; behind links there are more.
        case step(patterns: [PathPattern], outputs: [OutputPath], ways: [[String]])
        case image(ContextScope)
        /// A step's outputs, or a list of files.
        case paths([OutputPath])
    }

    let kind: Kind
    /// Where to look: no root lies in another.
    let roots: [String]

    /// Tells a reading of this scope from one of another, also in a later session.
    var fingerprint: String {
        var hasher = KeyHasher()
        switch kind {
        case .step(let patterns, let outputs, _):
            hasher.add("step", patterns.flatMap { [$0.text, $0.namesFolder ? "below" : ""] })
            hasher.add("outputs", outputs.map(\.path))
        case .image(let scope): scope.add(to: &hasher)
        case .paths(let paths): hasher.add("paths", paths.map(\.path))
        }
        return hasher.finish()
    }

    /// Where the definition stands makes no other scope of it.
    package static func == (a: Self, b: Self) -> Bool { a.fingerprint == b.fingerprint }

    package init(of step: Step, linked: LinkedSources = .none) {
        var patterns = step.inputs
        var ways: [[String]] = []
        for source in linked.sources {
            guard let pattern = try? PathPattern(source, place: step.place) else { continue }
            patterns.append(pattern)
            ways.append(linked.ways[source] ?? [])
        }
        kind = .step(patterns: patterns, outputs: step.outputs, ways: ways)
        roots = Self.outermost(patterns.map(\.staticPrefix))
    }

    package init(of image: Image, linked: LinkedSources = .none) {
        let scope = ContextScope(image, linked)
        kind = .image(scope)
        roots = Self.outermost(scope.roots)
    }

    /// Only what the step reads by way of links.
    package init(linkedBy step: Step, _ linked: LinkedSources) {
        var step = step
        step.inputs = []
        self.init(of: step, linked: linked)
    }

    /// Only what the image reads by way of links.
    package init(linkedBy image: Image, _ linked: LinkedSources) {
        let scope = ContextScope(image, linked, readsNamed: false)
        kind = .image(scope)
        roots = Self.outermost(scope.roots)
    }

    package init(outputs: [OutputPath]) {
        kind = .paths(outputs)
        roots = Self.outermost(outputs.map(\.path))
    }

    /// Whether the node reads this very path.
    package func reads(_ path: String) -> Bool {
        switch kind {
        case .step(let patterns, let outputs, _):
            patterns.contains { $0.matches(path) } && !outputs.contains { $0.covers(path) }
        case .image(let scope): scope.reads(path)
        case .paths(let paths): paths.contains { $0.covers(path) }
        }
    }

    /// Whether the node may read something below this folder.
    package func mayRead(below directory: String) -> Bool {
        switch kind {
        case .step(let patterns, let outputs, _):
            patterns.contains { $0.mayMatch(below: directory) } && !outputs.contains { $0.covers(directory) }
        case .image(let scope): scope.mayRead(below: directory)
        case .paths(let paths):
            paths.contains { $0.covers(directory) || directory.isEmpty || Self.isBelow($0.path, directory) }
        }
    }

    /// Whether the folder is ignored, and yet something below it may be read: it is an input where something is.
    package func leadsBack(_ directory: String) -> Bool {
        guard case .image(let scope) = kind else { return false }
        return scope.leadsBack(directory)
    }

    /// Whether the path lies in a folder that is an input because of what is read in it.
    func isInFolderLeadingBack(_ path: String) -> Bool {
        path.utf8.indices.contains { path.utf8[$0] == 0x2F && leadsBack(String(path[..<$0])) }
    }

    /// Whether this is a folder, or a link in its place, on the way to where the node looks.
    package func isOnTheWay(_ path: String) -> Bool { roots.contains { Self.isBelow($0, path) } }

    /// The names in this folder that lead to where the node looks; nil where it looks at all that is in the folder.
    func names(onTheWayFrom directory: String) -> [String]? {
        var names: [String] = []
        for root in roots {
            if root.isSame(as: directory) || Self.isBelow(directory, root) { return nil }
            guard Self.isBelow(root, directory) else { continue }
            let rest = root.utf8.dropFirst(directory.isEmpty ? 0 : directory.utf8.count + 1)
            let name = String(decoding: rest.prefix { $0 != 0x2F }, as: UTF8.self)
            if !names.contains(where: name.isSame) { names.append(name) }
        }
        return names
    }

    /// Whether folders count, with their permissions: a command sees only the files in them.
    var countsFolders: Bool { if case .step = kind { false } else { true } }

    static func isBelow(_ path: String, _ directory: String) -> Bool {
        directory.isEmpty
            || path.utf8.starts(with: directory.utf8) && path.utf8.dropFirst(directory.utf8.count).first == 0x2F
    }

    private static func outermost(_ paths: [String]) -> [String] {
        var outermost: [String] = []
        // A folder comes before what is below it.
        for path in paths.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where !outermost.contains(where: { path.isSame(as: $0) || isBelow(path, $0) }) {
            outermost.append(path)
        }
        return outermost
    }
}

/// What the `COPY` and `ADD` instructions of an image read of its context.
struct ContextScope: Sendable {
    private struct Source: Sendable {
        /// As it is written.
        var text: String
        /// The folder part before the first wildcard, or the whole path; "" is the context.
        var prefix: String
        /// One for each component of the path, where it has wildcards.
        var wildcard: WildcardPattern?
        var components: Int
        /// Where `**` is any number of folders.
        var deep: IgnorePatterns?
        /// `.git` is no input unless a source names it.
        var namesGit: Bool
    }

    private let context: String
    private let sources: [Source]
    /// What each of the sources is named by.
    private let names: [InputReason.Name]
    private let ignore: IgnorePatterns

    init(_ image: Image, _ linked: LinkedSources, readsNamed: Bool = true) {
        context = image.context
        ignore = image.ignorePatterns
        let named = readsNamed ? image.variants.contextPaths : []
        sources = named.map { Self.source($0.path, isDeep: $0.keepsParents) } + linked.sources.map { Self.source($0) }
        names = named.map { .source($0) } + linked.sources.map { .links(linked.ways[$0] ?? []) }
    }

    private static func source(_ path: String, isDeep: Bool = false) -> Source {
        let parts = path.pathNames
        let namesGit = parts.contains(".git")
        guard let wildcard = try? WildcardPattern(path), wildcard.hasWildcards else {
            return Source(text: path, prefix: path, wildcard: nil, components: parts.count, namesGit: namesGit)
        }
        let plain = parts.prefix { !$0.unicodeScalars.contains { "*?[\\".unicodeScalars.contains($0) } }
        return Source(
            text: path,
            prefix: plain.joined(separator: "/"),
            wildcard: wildcard,
            components: parts.count,
            deep: isDeep && parts.contains("**") ? try? IgnorePatterns(patterns: [path]) : nil,
            namesGit: namesGit
        )
    }

    func add(to hasher: inout KeyHasher) {
        hasher.add("image", [context])
        hasher.add("sources", sources.map { $0.deep == nil ? $0.text : $0.text + "/ " })
        hasher.add("ignore", ignore.texts)
    }

    var roots: [String] { sources.map { context.isEmpty ? $0.prefix : join(context, $0.prefix) } }

    private func join(_ a: String, _ b: String) -> String { b.isEmpty ? a : a + "/" + b }

    /// The path relative to the context; nil for what does not lie in it.
    private func inContext(_ path: String) -> String? {
        if context.isEmpty { return path }
        guard InputScope.isBelow(path, context) else { return nil }
        return String(decoding: path.utf8.dropFirst(context.utf8.count + 1), as: UTF8.self)
    }

    func reads(_ path: String) -> Bool {
        guard let relative = inContext(path) else { return false }
        return sources.contains { covers($0, relative) } && !ignore.matches(relative)
    }

    func leadsBack(_ directory: String) -> Bool {
        guard let relative = inContext(directory), ignore.matches(relative) else { return false }
        return sources.contains { covers($0, relative) } && !ignore.excludesEverything(below: relative)
    }

    func mayRead(below directory: String) -> Bool {
        if directory.isEmpty || directory == context || InputScope.isBelow(context, directory) { return true }
        guard let relative = inContext(directory) else { return false }
        guard sources.contains(where: { covers($0, relative) || leads($0, to: relative) }) else { return false }
        return !ignore.excludesEverything(below: relative)
    }

    /// Why ``reads(_:)`` says what it says; nil where no source covers the path.
    func reason(for path: String) -> InputReason? {
        guard let relative = inContext(path) else { return nil }
        let names = names { covers($0, relative) }
        if names.isEmpty {
            let inGit = Self.isInGit(relative) ? self.names { covers($0, relative, sayingGit: true) } : []
            return inGit.isEmpty ? nil : InputReason(names: inGit, exclusion: .git)
        }
        guard let rule = ignore.rule(for: relative) else { return InputReason(names: names) }
        return rule.isException
            ? InputReason(names: names, exception: rule) : InputReason(names: names, exclusion: .ignored(rule))
    }

    /// Why ``mayRead(below:)`` says what it says; nil where no source leads there.
    func reason(below directory: String) -> InputReason? {
        if directory.isEmpty || directory == context || InputScope.isBelow(context, directory) {
            return names.isEmpty ? nil : InputReason(names: names)
        }
        guard let relative = inContext(directory) else { return nil }
        let names = names { covers($0, relative) || leads($0, to: relative) }
        guard !names.isEmpty else { return nil }
        guard let rule = ignore.rule(for: relative), !rule.isException else { return InputReason(names: names) }
        guard let exception = ignore.exception(below: relative) else {
            return InputReason(names: names, exclusion: .ignored(rule))
        }
        return InputReason(names: names, exception: exception)
    }

    private func names(where isSource: (Source) -> Bool) -> [InputReason.Name] {
        zip(sources, names).filter { isSource($0.0) }.map(\.1)
    }

    /// Whether the path lies in the context.
    func holds(_ path: String) -> Bool { inContext(path) != nil }

    /// Whether the source is this path, or a folder above it.
    private func covers(_ source: Source, _ path: String, sayingGit: Bool = false) -> Bool {
        if !source.namesGit, !sayingGit, Self.isInGit(path) { return false }
        guard let wildcard = source.wildcard else {
            return source.prefix.isEmpty || path.isSame(as: source.prefix) || InputScope.isBelow(path, source.prefix)
        }
        // A pattern may find nothing in its folder, but the folder must be there.
        if !path.isEmpty, path.isSame(as: source.prefix) { return true }
        guard InputScope.isBelow(path, source.prefix) else { return false }
        if let deep = source.deep { return deep.matches(path) }
        let head = path.pathNames.prefix(source.components)
        return head.count == source.components && wildcard.matches(head.joined(separator: "/"))
    }

    /// Whether something below this folder may be the source.
    private func leads(_ source: Source, to directory: String) -> Bool {
        if InputScope.isBelow(source.prefix, directory) { return true }
        guard source.wildcard != nil, source.namesGit || !Self.isInGit(directory) else { return false }
        return (directory.isSame(as: source.prefix) || InputScope.isBelow(directory, source.prefix))
            && (source.deep != nil || directory.utf8.count { $0 == 0x2F } + 1 < source.components)
    }

    /// Whether a component is `.git`; byte by byte, as each path of each reading is asked.
    private static func isInGit(_ path: String) -> Bool {
        // How many bytes of the name the component has so far; nil where it is another name.
        var matched: Int? = 0
        for byte in path.utf8 {
            if byte == 0x2F {
                if matched == gitName.count { return true }
                matched = 0
            } else if let count = matched {
                matched = count < gitName.count && gitName[count] == byte ? count + 1 : nil
            }
        }
        return matched == gitName.count
    }

    private static let gitName = Array(".git".utf8)
}
