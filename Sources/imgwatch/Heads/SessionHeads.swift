/// What a session does with heads, and gives to those who build them: commands on record, a registry for bases.

import Building
import Dockerfile
import Engine
import Foundation
import Graph
import ImageEngines
import Inputs
import OCI
import Project
import Reporting
import Serving
import Synchronization

extension Session {
    /// One platform after the other.
    func make(
        _ image: Image,
        _ inputs: ImageInputs,
        isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> StoredImage {
        guard image.variants.count > 1 else { return try await makeOne(image, inputs, isCancelled) }
        var parts: [(platform: String, image: StoredImage)] = []
        for one in image.forEachPlatform {
            parts.append((one.platform, try await makeOne(one, inputs, isCancelled)))
        }
        return try store.join(parts, key: inputs.key)
    }

    /// What only an engine can do, and then the rest; an engine does all of it where the rest turns out to be too much.
    private func makeOne(
        _ image: Image,
        _ inputs: ImageInputs,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> StoredImage {
        do throws(ImageProblem) {
            return try await make(image, image.split, inputs, isCancelled)
        } catch .unassembled(let failure) {
            guard image.building.builder == .automatic else { throw .failed(failure) }
            tellOnce("\(image.id): an engine builds all of it, since: \(failure.reason)")
            return try await make(image, image.evaluation.split(isWhole: true), inputs, isCancelled)
        }
    }

    private func make(
        _ image: Image,
        _ split: Split,
        _ inputs: ImageInputs,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) async throws(ImageProblem) -> StoredImage {
        var heads: [Int: AssemblyHead] = [:]
        for wanted in wantedHeads(split, of: image, inputs) {
            let manifest = try await self.heads.build(wanted, self)
            heads[wanted.head.stage] = AssemblyHead(manifest: manifest, hasCommand: wanted.hasCommand)
        }
        let done = heads
        let hasExports = split.heads.contains { $0.exports != nil }
        let inputs = inputs.parts(for: image.platform)
        let names = Set(split.tail.projectBases.map(\.image.name))
        try await fetchBases(of: image.reduced(to: split.tail), inputs.bases.filter { names.contains($0.name) })
        try await fetchDownloads(of: image, split.tail)
        return try await Deadline.offside { [store, reader] in
            Result { () throws(ImageProblem) in
                try store.assemble(
                    image,
                    split.tail,
                    on: done,
                    hasExports: hasExports,
                    from: inputs,
                    reader: reader,
                    isCancelled: isCancelled
                )
            }
        }.get()
    }

    /// The heads of an image as its inputs are now.
    func wantedHeads(_ split: Split, of image: Image, _ inputs: ImageInputs) -> [WantedHead] {
        guard !split.heads.isEmpty else { return [] }
        let references = inputs.bases.references
        var wanted: [WantedHead] = []
        for head in split.heads {
            let names = Set(head.evaluation.projectBases.map(\.image.name))
            let bases = inputs.bases.filter { names.contains($0.name) }
            let part = image.reduced(to: head.evaluation)
            let shown = inputs.bases.filter { head.evaluation.naming([$0]) != head.evaluation }
            let scope = InputScope(of: part, linked: LinkedSources(of: part, in: reader.root))
            let place = "\(image.id) \(image.platform) \(head.stage)"
            let key = Keys.head(
                head,
                of: image,
                inputs.reading,
                in: scope,
                bases: bases.map { KeyValue($0.name, $0.key) },
                references: shown.map { KeyValue($0.name, $0.reference) },
                knowing: heads.keys.withLock { $0[place] }
            )
            heads.keys.withLock { $0[place] = key }
            wanted.append(
                WantedHead(
                    head: head,
                    image: part,
                    key: key.text,
                    files: { [reader] () throws(ImageProblem) in
                        try image.contextEntries(inputs.reading.files(in: scope), inputs, reader)
                    },
                    bases: bases,
                    references: references
                )
            )
        }
        return wanted
    }

    /// Serves the store for the time of a build, for engines of this machine; nil where nothing can listen.
    func serveBases() async -> (registry: EmbeddedRegistry, port: UInt16)? {
        guard let registry = try? EmbeddedRegistry(layout: store.layout, port: 0) else { return nil }
        Task { try? await registry.run() }
        guard let port = try? await registry.waitUntilListening() else { return nil }
        return (registry, port)
    }

    /// Executes an engine's commands: on record, ended with the build, and within a time where they only ask.
    func engineRunner(for node: NodeID, _ build: HeadBuild, _ environment: [String: String]) -> EngineRunner {
        { [self] command, onLine in
            let variables = environment.merging(command.environment) { $1 }
            let step = StepCommand(
                words: command.words,
                environment: variables.map { "\($0.key)=\($0.value)" },
                directory: "/",
                timeout: command.isQuestion ? Self.enginePatience : nil
            )
            guard !build.isCancelled || command.isCleanup else { return .cancelled }
            let onStart = { (child: ChildProcess) in
                if !command.isCleanup { build.onCancel { child.cancel() } }
            }
            switch run(step, of: node, onStart: onStart, onLine) {
            case .failed(let reason): return .failed(reason)
            case .ended(.exited(let status)): return .exited(status)
            case .ended(.signalled(let signal)): return .failed("signal \(signal) ended it")
            case .ended(.timedOut(let limit)): return .failed("no answer within \(limit.components.seconds) s")
            case .ended(.cancelled): return .cancelled
            }
        }
    }

    /// A command that is on record; blocks until its group has ended.
    private func run(
        _ command: StepCommand,
        of node: NodeID,
        onStart: (ChildProcess) -> Void,
        _ onLine: (String) -> Void
    ) -> CommandResult {
        do throws(SpawnError) {
            let child = try ChildProcess(command)
            do {
                try record(child.pid, of: node)
            } catch {
                child.discard()
                return .failed("its process could not be recorded: \(error)")
            }
            onStart(child)
            child.release()
            let end = child.wait { _, line in onLine(String(decoding: line, as: UTF8.self)) }
            forget(child.pid)
            return .ended(end)
        } catch {
            return .failed(error.reason)
        }
    }

    private static let enginePatience: Duration = .seconds(20)

    func tell(_ event: EngineEvent, of node: NodeID) {
        let line: String =
            switch event {
            case .step(let name): name
            case .cached(let number): "\(number) cached"
            case .output(let text): text
            }
        tell(LoopEvent.log(line.utf8, of: Node(node, .image), .stdout, at: .now()))
    }
}

extension WantedHead {
    private var mounts: [Run.Mount] {
        head.evaluation.stages.flatMap(\.instructions).flatMap { instruction -> [Run.Mount] in
            if case .run(let run) = instruction.operation { run.mounts } else { [] }
        }
    }

    /// Those that it asks for, as far as the configuration has them.
    var secrets: [EngineRequest.Secret] {
        let ids = Set(mounts.filter { $0.kind == .secret }.map(\.id))
        return image.building.secrets.filter { ids.contains($0.id) }.map { secret in
            switch secret.source {
            case .file(let path): EngineRequest.Secret(id: secret.id, .file(path))
            case .variable(let name): EngineRequest.Secret(id: secret.id, .variable(name))
            }
        }
    }

    /// The ids by which it speaks to the user's SSH agent.
    var agents: [String] { Set(mounts.filter { $0.kind == .ssh }.map(\.id)).sorted() }

    /// The target's name as the Dockerfile itself would see it, where it asks: to an engine the head is the target.
    var targetStage: String? {
        let operations = head.evaluation.stages.flatMap(\.instructions).map(\.operation)
        for case .argument("TARGETSTAGE", let value?) in operations { return value }
        return nil
    }

    /// Whether the stage has a CMD of its own.
    var hasCommand: Bool {
        guard head.exports == nil, let stage = head.evaluation.stages.last else { return false }
        return stage.instructions.contains { if case .command = $0.operation { true } else { false } }
    }
}

extension Image {
    /// The files as an engine's context gets them.
    fileprivate func contextEntries(
        _ files: [InputFile],
        _ inputs: ImageInputs,
        _ reader: InputReader
    ) throws(ImageProblem) -> [ContextEntry] {
        let skipped = context.isEmpty ? 0 : context.utf8.count + 1
        var entries: [ContextEntry] = []
        for file in files {
            guard let path = String(file.path.utf8.dropFirst(skipped)), !path.isEmpty else { continue }
            let kind: ContextEntry.Kind
            switch file.kind {
            case .directory: kind = .directory
            case .link(let target): kind = .symbolicLink(target: target)
            case .file(let hash):
                let place = inputs.copies[file.path]?.path ?? reader.root + "/" + file.path
                guard let digest = reader.index.digest(of: place, hash) else {
                    throw .inputChanged(path: reader.root + "/" + file.path)
                }
                kind = .file(path: place, size: Int(file.stat.size), digest: digest)
            }
            entries.append(
                ContextEntry(path: path, kind: kind, mode: file.stat.permissions, modified: file.stat.modified)
            )
        }
        return entries
    }
}
