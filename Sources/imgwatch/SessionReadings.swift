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
    var hash: String
    var missing: [String]
}

/// An image's files while they may still change.
struct HeldFiles: Sendable {
    var reading: Reading
    /// What the definition names and is not there.
    var missing: [String]
    /// Of those that change often, by path; empty where nobody asked for them.
    var copies: [String: PrivateCopy] = [:]
}

extension Provenance {
    /// What an image shows that is to show the commit of its files; nil where there is none.
    var revision: String? {
        if case .commit(let id, _, let isDirty) = self { isDirty ? id + "-dirty" : id } else { nil }
    }
}

extension Session {
    /// - Returns: nil where an input changed while it was read.
    func read(_ entry: ProjectNodes.Entry, in nodes: ProjectNodes) -> NodeAnswer? {
        do {
            guard let reading = try reader.read(entry.scope),
                var answer = answer(entry, reading, missing: nodes.missing(entry), in: nodes)
            else { return nil }
            if !entry.outputs.isEmpty {
                guard let outputs = try reader.read(entry.outputScope) else { return nil }
                answer.keying.outputs = Keys.outputs(outputs)
            }
            return answer
        } catch {
            return Self.unreadable(error)
        }
    }

    /// What follows from a reading of the node's inputs; nil where the project has no such node.
    func answer(
        _ entry: ProjectNodes.Entry,
        _ reading: Reading,
        missing: [String],
        in nodes: ProjectNodes
    ) -> NodeAnswer? {
        let provenance = provenance(entry, reading, in: nodes)
        guard let own = own(entry.id, reading, provenance, nodes.project) else { return nil }
        let reasons = missing.map { path in
            "its input `\(path)`\(nodes.instruction(reading: path, of: entry.id)) does not exist"
        }
        var keying = Keying(own: own, barrier: 0, missing: reasons)
        keying.provenance = provenance
        return NodeAnswer(reading: reading, keying: keying)
    }

    static func unreadable(_ problem: UnreadableInput) -> NodeAnswer {
        let reason = "its input `\(problem.path)` can't be read: \(problem.reason)"
        return NodeAnswer(reading: Reading(files: []), keying: Keying(own: nil, barrier: 0, missing: [reason]))
    }

    /// - Returns: nil where an input changed while it was read.
    func hold(
        _ entry: ProjectNodes.Entry,
        in nodes: ProjectNodes,
        copying: Bool
    ) throws(UnreadableInput) -> HeldFiles? {
        guard let reading = try reader.read(entry.scope) else { return nil }
        let copies = copying ? copies(of: reading) : [:]
        return HeldFiles(reading: reading, missing: nodes.missing(entry), copies: copies)
    }

    /// The same after these paths changed; nil where all must be read again.
    func update(
        _ held: HeldFiles,
        at paths: [String],
        of entry: ProjectNodes.Entry,
        in nodes: ProjectNodes
    ) throws(UnreadableInput) -> HeldFiles? {
        guard let reading = try reader.updated(held.reading, at: paths, in: entry.scope) else { return nil }
        var copies = held.copies
        for path in paths where copies[path] != nil { copies[path] = try? store.copy(of: reader.root + "/" + path) }
        return HeldFiles(reading: reading, missing: nodes.missing(entry), copies: copies)
    }

    func own(_ id: NodeID, _ reading: Reading, _ provenance: Provenance, _ project: Project) -> String? {
        if let step = project.step(id) { return Keys.own(of: step, reading) }
        return project.image(id).map { image in
            let own = Keys.own(of: image, platform: ImageStore.platform, reading, revision: provenance.revision)
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
            case .unknown: .unknown
            }
        } catch {
            return .unknown
        }
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
        let inputs = reading.files(changedWithin: Self.recentWrite).map(\.path).filter {
            Watcher.isOpenForWriting(reader.root + "/" + $0)
        }
        let others = sources.filter { Watcher.isOpenForWriting($0) }.map {
            $0.hasPrefix(reader.root + "/") ? String($0.dropFirst(reader.root.count + 1)) : $0
        }
        return inputs + others.filter { !inputs.contains($0) }
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
            return StepOutputs(hash: Keys.outputs(reading), missing: missing)
        }
        return nil
    }
}
