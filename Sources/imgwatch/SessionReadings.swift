/// Reading for the loop: a node's inputs and outputs, what they hash to, and what git calls them.

import Engine
import Foundation
import Git
import Graph
import Inputs
import OCI
import Project
import Watching

/// What reading a node gave.
struct NodeAnswer: Sendable {
    var reading: Reading
    /// Barrier and writers are the loop's.
    var keying: Keying
}

/// What a command left.
struct StepOutputs: Sendable {
    var reading: Reading
    var missing: [String]
}

/// A node's files while they may still change.
struct HeldFiles: Sendable {
    /// What the reading is one of.
    var scope: InputScope
    var reading: Reading
    /// A step: what is under its outputs.
    var outputs: Reading?
    /// What the definition names and is not there.
    var missing: [String]
    /// Of those that change often, by path; empty where nobody asked for them.
    var copies: [String: PrivateCopy] = [:]
}

/// What is known of a node's files before they are read.
struct KnownFiles: Sendable {
    var reading: Reading
    var outputs: Reading?
    /// Whether the reading is one of the very scope.
    var isOfScope: Bool
    /// Of this session.
    var files: HeldFiles?

    init(_ files: HeldFiles, for scope: InputScope) {
        (reading, outputs, isOfScope) = (files.reading, files.outputs, files.scope == scope)
        self.files = isOfScope ? files : nil
    }

    init(_ remembered: (reading: Reading, isOfScope: Bool)) {
        (reading, isOfScope) = remembered
    }
}

extension HeldFiles {
    /// The paths at which the two have other content.
    func differences(from old: HeldFiles) -> [String] {
        let inputs = reading.differences(from: old.reading)
        let made = (outputs ?? .nothing).differences(from: old.outputs ?? .nothing)
        return (inputs + made).map(\.path)
    }
}

extension Provenance {
    /// What an image shows that is to show the commit of its files; nil where there is none.
    var revision: String? {
        if case .commit(let id, _, let isDirty) = self { isDirty ? id + "-dirty" : id } else { nil }
    }
}

extension Session {
    /// What follows from what was read; nil where the project has no such node.
    func answer(_ entry: ProjectNodes.Entry, _ held: HeldFiles, in nodes: ProjectNodes) -> NodeAnswer? {
        let reading = held.reading
        let provenance = provenance(entry, reading, in: nodes)
        guard let own = own(entry.id, reading, provenance, nodes.project) else { return nil }
        let reasons = held.missing.map { path in
            "its input `\(path)`\(nodes.instruction(reading: path, of: entry.id)) does not exist"
        }
        var keying = Keying(own: own, barrier: 0, missing: reasons)
        keying.provenance = provenance
        keying.outputs = held.outputs.map(Keys.outputs) ?? ""
        return NodeAnswer(reading: reading, keying: keying)
    }

    static func unreadable(_ problem: UnreadableInput) -> NodeAnswer {
        let reason = "its input `\(problem.path)` can't be read: \(problem.reason)"
        return NodeAnswer(reading: .nothing, keying: Keying(own: nil, barrier: 0, missing: [reason]))
    }

    /// With copies of what changed lately, as far as only these paths were read again.
    func copying(_ files: HeldFiles, reread: [ChangedPath]?) -> HeldFiles {
        var files = files
        guard let reread else {
            files.copies = copies(of: files.reading)
            return files
        }
        for change in reread where files.copies[change.path] != nil {
            files.copies[change.path] = try? store.copy(of: reader.root + "/" + change.path)
        }
        return files
    }

    func own(_ id: NodeID, _ reading: Reading, _ provenance: Provenance, _ project: Project) -> String? {
        if let step = project.step(id) { return Keys.own(of: step, reading) }
        return project.image(id).map { image in
            let own = Keys.own(of: image, reading, revision: provenance.revision)
            // Other machines find it by its key: what it says of its bases must be true there.
            guard case .remote(let name) = store.address, image.showsReferences else { return own }
            return Keys.combined(own, [name])
        }
    }

    /// Content decides, git names; where git can't, keys name alone.
    func provenance(_ entry: ProjectNodes.Entry, _ reading: Reading, in nodes: ProjectNodes) -> Provenance {
        guard let git else { return .unknown }
        let inputs = NamedInputs(
            node: entry.id.name,
            scope: entry.scope,
            extra: entry.extra,
            isRedefined: isRedefined(entry.id, in: nodes.project),
            isGenerated: { nodes.isGenerated($0) }
        )
        do {
            return switch try git.name(inputs, reading) {
            case .commit(let commit, let isDirty):
                .commit(id: commit.abbreviated, time: commit.time, isDirty: isDirty)
            case .nothing: .none
            case .unknown: unnamed(entry.id, (try git.repository.head()) == nil ? Self.noCommit : Self.noHistory)
            }
        } catch {
            return unnamed(entry.id, "\(error)")
        }
    }

    private static let noCommit = "there is no commit yet"
    private static let noHistory = """
        the history that is here ends before the commit that changed its inputs last; in a shallow clone \
        `git fetch --unshallow` gets the rest
        """

    private func unnamed(_ id: NodeID, _ reason: String) -> Provenance {
        tellOnce("git can't name \(id), so its key alone does: \(reason)")
        return .unknown
    }

    /// Whether the node's definition is not the one in HEAD.
    private func isRedefined(_ id: NodeID, in project: Project) -> Bool {
        let path = project.relative(project.file) ?? project.file
        guard let bytes = try? git?.committed(path) else { return true }
        let committed = String(decoding: bytes, as: UTF8.self)
        guard let now = try? String(contentsOfFile: project.file, encoding: .utf8), now != committed else {
            return false
        }
        return Loader.text(of: id.name, in: now) != Loader.text(of: id.name, in: committed)
    }

    /// Inputs, and files of the configuration, that somebody still holds open for writing; relative to the root.
    func writers(of reading: Reading, and sources: [String]) -> [String] {
        let inputs = SideBySide.filter(reading.files(changedWithin: Self.recentWrite).map(\.path), isWritten)
        let others = sources.filter { Watcher.isOpenForWriting($0) }.map {
            $0.hasPrefix(reader.root + "/") ? String($0.dropFirst(reader.root.count + 1)) : $0
        }
        return inputs + others.filter { !inputs.contains($0) }
    }

    /// Whether somebody holds the input open for writing, relative to the root.
    func isWritten(_ path: String) -> Bool {
        !Self.isSwapFile(path) && Watcher.isOpenForWriting(reader.root + "/" + path)
    }

    /// Whether an editor keeps it open as long as it runs (vim's `.name.swp`, Kate's `.name.kate-swp`): who saves in
    /// that editor would wait for its end.
    private static func isSwapFile(_ path: String) -> Bool {
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        guard name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
        let end = name[dot...]
        return end == ".kate-swp" || end.count == 4 && end.hasPrefix(".sw")
    }

    /// Files that changed lately, as they are now, as far as that is little; the others are read where they are.
    func copies(of reading: Reading) -> [String: PrivateCopy] {
        var copies: [String: PrivateCopy] = [:]
        var room = Self.mostCopiedBytes
        for file in reading.files(changedWithin: Self.recentWrite) where file.stat.size <= room {
            guard let copy = try? store.copy(of: reader.root + "/" + file.path) else { continue }
            copies[file.path] = copy
            room -= file.stat.size
        }
        return copies
    }

    private static let mostCopiedBytes: Int64 = 256 << 20

    /// Files that changed this recently are asked whether somebody still writes them, in seconds.
    static let recentWrite: Int64 = 15

    /// - Returns: nil where the outputs do not hold still.
    func outputs(of entry: ProjectNodes.Entry, attempts: Int) -> StepOutputs? {
        for _ in 0..<attempts {
            guard let reading = try? reader.read(entry.outputScope) else { continue }
            let missing = entry.outputs.map(\.path).filter { FileStat(of: reader.root + "/" + $0) == nil }
            return StepOutputs(reading: reading, missing: missing)
        }
        return nil
    }
}
