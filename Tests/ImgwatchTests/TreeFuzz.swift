/// The chain from the kernel's events to keys, driven as the loop drives it, and held against keys from scratch.

import Engine
import Foundation
import Git
import Graph
import Inputs
import Project
import Rigs
import Watching

@testable import imgwatch

struct TreeFuzz {
    /// What follows from a node's files.
    struct Keyed: Equatable {
        var own: String?
        var outputs: String?
        var missing: [String] = []
    }

    struct Diverged: Error, CustomStringConvertible {
        var description: String
    }

    let folder: String
    let root: String
    let watcher: Watcher
    let repository: Repository?
    let reader: InputReader
    let names: GitNames?
    var tracked: TrackedInputs
    var vandal: TreeVandal
    private var sequence: Sequence = 0
    private var offset: Sequence = 0
    /// Nodes of which a change was told since they were keyed.
    private var stale: Set<NodeID> = []
    private var keys: [NodeID: Keyed] = [:]
    private var hardLinks: [NodeID: Set<String>] = [:]
    private var isBroken = false
    private var brokenSources: [String] = []
    private(set) var overflows = 0

    /// A project in a repository, in a new folder that ``end()`` removes.
    init(seed: UInt64) throws {
        var dice = SplitMix(seed: seed)
        folder = try Self.makeFolder()
        let work = folder + "/work"
        root = dice.one(in: 4) ? work + "/project" : work
        for path in [root, folder + "/out"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        let (project, random) = try Self.project(in: root, &dice)
        vandal = TreeVandal(root: root, outside: folder + "/out", ignoreFiles: random.ignoreFiles, dice: dice)
        for _ in 0..<60 { vandal.act() }
        if TreeVandal.hasGit {
            try TreeVandal.run("git init -q -b main; git add -A; git commit -q --allow-empty -m begin", in: work)
            for branch in ["one", "two"] {
                for _ in 0..<20 { vandal.act() }
                _ = try? TreeVandal.run("git checkout -qfb \(branch) main; git add -A; git commit -qm c", in: work)
            }
        }
        repository = try Repository.discover(from: root)
        reader = InputReader(root: root, index: HashIndex(), tellsByTimes: true, repository: repository)
        names = repository.flatMap { [reader] in GitNames($0, reader: reader) }
        watcher = try Watcher(readsEagerly: dice.one(in: 2)) {}
        tracked = TrackedInputs(ProjectNodes(project, graph: project.graph))
        stale = Set(tracked.nodes.entries.map(\.id))
        try watch()
        reload()
    }

    func end() {
        watcher.close()
        var vandal = vandal
        vandal.closeAll()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func makeFolder() throws -> String {
        var template = Array((NSTemporaryDirectory() + "/treefuzz-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil, let real = realpath(template, nil) else { throw POSIXError(.EIO) }
        defer { free(real) }
        return String(cString: real)
    }

    private static func project(in root: String, _ dice: inout SplitMix) throws -> (Project, RandomProject) {
        while true {
            let random = RandomProject(&dice)
            for (name, text) in random.files {
                let path = root + "/" + name
                let parent = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
                try text.write(toFile: path, atomically: false, encoding: .utf8)
            }
            for name in ["a", "b", "c"] where dice.one(in: 2) { mkdir(root + "/" + name, 0o755) }
            if let project = try? load(root) { return (project, random) }
            for name in try FileManager.default.contentsOfDirectory(atPath: root) {
                try FileManager.default.removeItem(atPath: root + "/" + name)
            }
        }
    }

    private static func load(_ root: String) throws(Diagnostics) -> Project {
        try Loader.load(file: root + "/.imgwatch", environment: [:], bases: [:]).project
    }

    // MARK: As the loop does it

    private func watch() throws { try watcher.watch(WatchScope(of: tracked.nodes, and: brokenSources, repository)) }

    private mutating func nextSequence() -> Sequence {
        offset += 1
        sequence += 1
        return sequence
    }

    mutating func drain() throws {
        let batch = watcher.drain()
        sequence = max(sequence, Sequence(batch.barrier) + offset)
        vandal.note(batch, below: root)
        if batch.mustRescan {
            overflows += 1
            reload()
            let place = nextSequence()
            deliver(tracked.noteRescan(at: place, reader) + (try relink()))
        }
        guard !batch.changes.isEmpty else { return }
        if isBroken || tracked.mayRedefine(batch.changes, and: brokenSources) { reload() }
        let found = tracked.note(batch.changes, offset: offset, barrier: sequence, reader)
        deliver(found + (tracked.mayRelink(batch.changes) ? try relink() : []))
    }

    private mutating func deliver(_ changes: [PathChange]) {
        for change in changes { stale.formUnion(change.readers + (change.owner.map { [$0] } ?? [])) }
    }

    private mutating func relink() throws -> [PathChange] {
        guard let changes = tracked.relink(at: sequence) else { return [] }
        names?.forget()
        try watch()
        return changes
    }

    private mutating func reload() {
        do throws(Diagnostics) {
            let project = try Self.load(root)
            (isBroken, brokenSources) = (false, [])
            guard project != tracked.nodes.project else { return }
            tracked.nodes = ProjectNodes(project, graph: project.graph)
            names?.forget()
            try? watch()
            tracked.recent.noteRedefinition(nextSequence())
            stale = Set(tracked.nodes.entries.map(\.id))
        } catch {
            isBroken = true
            guard brokenSources != error.sourceFiles else { return }
            brokenSources = error.sourceFiles
            try? watch()
        }
    }

    /// Keys every node of which a change was told, until nothing changes between two barriers.
    ///
    /// - Returns: Whether it came to an end.
    mutating func settle() throws -> Bool {
        for _ in 0..<200 {
            try drain()
            guard let id = tracked.nodes.entries.map(\.id).first(where: stale.contains) else { return true }
            try key(id)
        }
        return false
    }

    mutating func settleOrThrow() throws {
        if try !settle() { throw Diverged(description: "nothing settles though nothing changes: \(stale)") }
    }

    /// Whether a look takes long.
    var isLarge: Bool { tracked.held.values.contains { $0.files.reading.count > 250 } }

    private mutating func key(_ id: NodeID) throws {
        guard let entry = tracked.nodes[id] else { return }
        let known = tracked.held[id].map { KnownFiles($0.files, for: entry.scope) }
        try drain()
        var (nodes, start) = (tracked.nodes, sequence)
        let redefinition = tracked.recent.redefinition
        let since = tracked.changes(of: id)
        guard redefinition == tracked.recent.redefinition, entry.scope == nodes[id]?.scope else { return }
        var found = Result { () throws(UnreadableInput) in
            try reader.files(of: entry, in: nodes, known, changed: since)
        }
        for _ in 0..<20 {
            if case .success(let files?) = found { tracked.held[id] = HeldReading(files, barrier: start) }
            try drain()
            guard redefinition == tracked.recent.redefinition,
                let changed = tracked.recent.paths(of: id, since: start)
            else { return }
            guard case .success(let read) = found else {
                if changed.isEmpty { conclude(id, nil) }
                return
            }
            guard let files = read else { return }
            if changed.isEmpty { return conclude(id, files) }
            (nodes, start) = (tracked.nodes, sequence)
            found = Result { () throws(UnreadableInput) in
                try reader.update(files, at: changed, of: entry, in: nodes)
            }
        }
    }

    private mutating func conclude(_ id: NodeID, _ files: HeldFiles?) {
        stale.remove(id)
        keys[id] = keyed(id, files, in: tracked.nodes.project)
        guard files != nil else { return }
        tracked.held[id]?.barrier = sequence
        let links = tracked.hardLinks(of: id)
        guard links != hardLinks[id, default: []] else { return }
        hardLinks[id] = links
        watcher.watchFiles(hardLinks.values.reduce(into: []) { $0.formUnion($1) })
    }

    private func keyed(_ id: NodeID, _ files: HeldFiles?, in project: Project) -> Keyed {
        guard let files else { return Keyed() }
        let own =
            project.step(id).map { Keys.own(of: $0, files.reading) }
            ?? project.image(id).map { Keys.own(of: $0, platform: "linux/amd64", files.reading) }
        return Keyed(own: own, outputs: files.outputs.map(Keys.outputs), missing: files.missing)
    }

    /// The project and its tree, for whoever looks for the cause.
    var picture: String {
        let script = """
            head -n 99 .imgwatch Dockerfile.* $(find . -name '*.dockerignore' -type f)
            find . -path ./.git -prune -o -printf '%p %M %n %l\\n' | sort
            """
        return (try? TreeVandal.run(script, in: root)) ?? ""
    }

    // MARK: From scratch

    /// What a process that starts now would find; of a project without its contexts nothing is promised.
    var found: Project? { try? Self.load(root) }

    /// Compares with what such a process would find.
    func compare(with project: Project) throws {
        let nodes = ProjectNodes(project, graph: project.graph)
        let scratch = InputReader(root: root, index: HashIndex())
        for entry in nodes.entries {
            let files: HeldFiles?
            do {
                files = try scratch.hold(entry, in: nodes, knowing: nil)
            } catch {
                files = nil
            }
            let now = keyed(entry.id, files, in: nodes.project)
            let isOfScope = tracked.nodes[entry.id]?.scope == entry.scope
            guard now != keys[entry.id] || !isOfScope else { continue }
            let held = tracked.held[entry.id]?.files
            let differences = held.flatMap { files?.differences(from: $0) } ?? []
            let seen = differences.map { path in
                [held, files].map { $0?.reading.files.first { $0.path == path }.map { "\($0)" } ?? "-" }
            }
            let linked = tracked.nodes[entry.id]?.linked ?? .none
            throw Diverged(
                description: """
                    \(entry.id): \(differences) \(seen), \
                    \(isOfScope ? "" : "read through \(linked), now \(entry.linked); ")\
                    was \(keys[entry.id].map { "\($0)" } ?? "-"), is \(now)
                    """
            )
        }
    }

    /// Holds what git calls the nodes' inputs against a new look, and against `git status`.
    func compareNames() throws {
        guard let names, let repository = try Repository.discover(from: root) else { return }
        let scratch = InputReader(root: root, index: HashIndex())
        guard let fresh = GitNames(repository, reader: scratch) else { return }
        let dirty = vandal.hasHiddenFromGit ? nil : try statusPaths()
        for entry in tracked.nodes.entries {
            guard let held = tracked.held[entry.id]?.files.reading, keys[entry.id]?.own != nil,
                let now = try scratch.read(entry.scope)
            else { continue }
            let nodes = tracked.nodes
            let inputs = NamedInputs(
                node: entry.id.name,
                scope: entry.scope,
                extra: entry.extra,
                isRedefined: false,
                isGenerated: { nodes.isGenerated($0) }
            )
            let (known, expected) = (try names.name(inputs, held), try fresh.name(inputs, now))
            guard known == expected else { throw Diverged(description: "\(entry.id) is \(known), and \(expected)") }
            guard let dirty, case .commit(_, let isDirty) = known else { continue }
            let changed = dirty.filter { path in
                entry.scope.reads(path) && !nodes.isGenerated(path) || entry.extra.contains(path)
            }
            guard isDirty == changed.isEmpty else { continue }
            throw Diverged(description: "\(entry.id) is dirty: \(isDirty); git status says \(changed)")
        }
    }

    /// Relative to the root.
    private func statusPaths() throws -> [String] {
        let command = "git --no-optional-locks status --porcelain -z --no-renames -uall --ignored ."
        let prefix = root.hasSuffix("/project") ? "project/" : ""
        return try TreeVandal.run(command, in: root).split(separator: "\0").map {
            String($0.dropFirst(3).dropFirst(prefix.count))
        }
    }
}
