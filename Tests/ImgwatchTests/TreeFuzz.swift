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
    private var watcher: Watcher
    private let repository: Repository?
    private var reader: InputReader
    private var names: GitNames?
    var tracked: TrackedInputs
    var vandal: TreeVandal
    private var sequence: Sequence = 0
    private var offset: Sequence = 0
    /// Nodes of which a change was told since they were keyed.
    private var stale: Set<NodeID> = []
    private var keys: [NodeID: Keyed] = [:]
    /// What was read before anybody asked.
    private var ahead: [NodeID: (keyed: Keyed, barrier: Sequence)] = [:]
    /// What a session that ended left, as it is on disk.
    private var saved: [NodeID: [UInt8]] = [:]
    /// What happens while files are read; the deeds have dice of their own.
    private var dice: SplitMix
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
        (reader, names) = Self.readers(of: root, repository)
        watcher = try Watcher(readsEagerly: dice.one(in: 2)) {}
        tracked = TrackedInputs(ProjectNodes(project, graph: project.graph))
        stale = Set(tracked.nodes.entries.map(\.id))
        self.dice = dice
        try watch()
        reload()
    }

    func end() {
        watcher.close()
        var vandal = vandal
        vandal.closeAll()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// As a session has them that begins.
    private static func readers(of root: String, _ repository: Repository?) -> (InputReader, GitNames?) {
        let reader = InputReader(root: root, index: HashIndex(), tellsByTimes: true, repository: repository)
        return (reader, repository.flatMap { GitNames($0, reader: reader) })
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

    /// Ends the session, and begins one that knows what that one saved; what happens between the two, nobody sees.
    mutating func restart() throws {
        saved = tracked.held.mapValues { [reader] in $0.files.reading.encoded(of: $0.files.scope, reader.index) }
        vandal.note("-- restart")
        watcher.close()
        for _ in 0..<dice.next(below: 8) { vandal.act() }
        // What is older than the clock's ticks is known by its times at the next start.
        let end = Date(timeIntervalSinceNow: dice.one(in: 2) ? 0.025 : 0)
        while Date() < end {}
        (reader, names) = Self.readers(of: root, repository)
        watcher = try Watcher(readsEagerly: dice.one(in: 2)) {}
        (sequence, offset) = (0, 0)
        (keys, ahead, hardLinks, isBroken, brokenSources) = ([:], [:], [:], false, [])
        tracked = TrackedInputs(ProjectNodes(tracked.nodes.project, graph: tracked.nodes.graph))
        stale = Set(tracked.nodes.entries.map(\.id))
        try watch()
        reload()
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
        if found.count <= 3 {
            for id in Set(found.flatMap(\.readers)).sorted(by: { $0.name < $1.name }) { try readAhead(id) }
        }
    }

    /// One save is read before anybody asks.
    private mutating func readAhead(_ id: NodeID) throws {
        guard ahead[id] == nil, tracked.changes(of: id) != nil, dice.one(in: 2) else { return }
        // Meanwhile no other reading ahead begins of the same node.
        ahead[id] = (Keyed(), -1)
        ahead[id] = try settled(id).flatMap { $0 }.map { [tracked, sequence] in
            (Self.keyed(id, $0, in: tracked.nodes.project), sequence)
        }
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
        if let read = ahead.removeValue(forKey: id) {
            try drain()
            if read.barrier >= 0, tracked.isCurrent(id, since: read.barrier) { return conclude(id, read.keyed) }
        }
        guard let files = try settled(id) else { return }
        ahead[id] = nil
        conclude(id, Self.keyed(id, files, in: tracked.nodes.project))
    }

    /// nil where they do not settle, and nil in it where they can't be read.
    private mutating func settled(_ id: NodeID) throws -> HeldFiles?? {
        guard let entry = tracked.nodes[id] else { return nil }
        let redefinition = tracked.recent.redefinition
        try drain()
        guard redefinition == tracked.recent.redefinition else { return nil }
        var settling = Settling(entry, of: tracked, remembering: remembered(entry), at: sequence)
        for _ in 0...20 {
            let found = try reading(settling)
            settling.hold(found, in: &tracked)
            try drain()
            switch settling.judge(found, in: &tracked, at: sequence) {
            case .settled(let files):
                watchHardLinks(of: id)
                return .some(files)
            case .unreadable: return .some(nil)
            case .again: continue
            case .overtaken: return nil
            }
        }
        return nil
    }

    private func remembered(_ entry: ProjectNodes.Entry) -> KnownFiles? {
        saved[entry.id].flatMap { bytes in
            bytes.withUnsafeBytes { Reading.decoded($0, of: entry.scope) }.map(KnownFiles.init)
        }
    }

    /// Others go on meanwhile: in the tree, and in the loop.
    private mutating func reading(_ settling: Settling) throws -> Result<HeldFiles?, UnreadableInput> {
        tracked.beginReading(settling.entry.id)
        defer { tracked.endReading(settling.entry.id) }
        try happen()
        let found = Result { [reader] () throws(UnreadableInput) in try settling.read(by: reader) }
        try happen()
        return found
    }

    private mutating func happen() throws {
        if dice.one(in: 12) { vandal.act() }
        if dice.one(in: 12) { try drain() }
    }

    private mutating func conclude(_ id: NodeID, _ keyed: Keyed) {
        stale.remove(id)
        keys[id] = keyed
    }

    private mutating func watchHardLinks(of id: NodeID) {
        let links = tracked.hardLinks(of: id)
        guard links != hardLinks[id, default: []] else { return }
        hardLinks[id] = links
        watcher.watchFiles(hardLinks.values.reduce(into: []) { $0.formUnion($1) })
    }

    private static func keyed(_ id: NodeID, _ files: HeldFiles?, in project: Project) -> Keyed {
        guard let files else { return Keyed() }
        let own =
            project.step(id).map { Keys.own(of: $0, files.reading) }
            ?? project.image(id).map { Keys.own(of: $0, files.reading) }
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
            let now = Self.keyed(entry.id, files, in: nodes.project)
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
