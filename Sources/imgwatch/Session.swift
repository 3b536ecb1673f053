/// What a command holds on to while it works in a project: state, store, watcher, git, and where to report.

import Engine
import Foundation
import Git
import Graph
import Inputs
import OCI
import Project
import Reporting
import State
import Watching

/// A project that can't be opened: told with reason and remedy, exit code 2 or 1.
struct SessionError: Error {
    var reason: String
    var remedy: String
    var exitCode: Int32 = 1
}

final class Session: Sendable {
    let environment: [String: String]
    let folders: StateFolders
    let state: StateStore
    let store: ImageStore
    let watcher: Watcher
    let reader: InputReader
    let git: GitNames?
    let reporter: Reporter
    private let lock: ProjectLock
    /// Absolute paths whose changes say that git moved.
    private let gitPaths: [String]

    init(_ parts: SessionParts, watcher: Watcher, store: ImageStore) {
        (environment, folders, state, lock) = (parts.environment, parts.folders, parts.state, parts.lock)
        (reporter, reader, git) = (parts.reporter, parts.reader, parts.git)
        (self.watcher, self.store) = (watcher, store)
        gitPaths = parts.git?.repository.watchPaths ?? []
    }

    // MARK: Telling

    func tell(_ event: LoopEvent) { reporter.report(event) }

    func tell(notice: String) { tell(LoopEvent(.notice, at: .now(), reason: notice)) }

    // MARK: Watching

    /// Watches the folders where inputs, outputs, the project's own files and git's can lie.
    func watch(_ nodes: ProjectNodes) throws(WatchError) {
        let root = nodes.project.root
        let outside = (nodes.project.sourceFiles + [nodes.project.file])
        let gitFolder = git?.repository.gitDirectory
        try watcher.watch(
            WatchScope(roots: [root] + outside + gitPaths) { directory in
                if directory == root { return true }
                if let gitFolder, directory == gitFolder || directory.hasPrefix(gitFolder + "/") { return false }
                return nodes.project.relative(directory).map { nodes.mayHoldInputs($0) } ?? false
            })
    }

    func isGitPath(_ path: String) -> Bool {
        gitPaths.contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    func headID() -> String? { (try? git?.repository.head())??.id }

    // MARK: Configuration

    func load(_ file: String) throws(Diagnostics) -> Loaded { try Loader.load(file: file, environment: environment) }

    /// Whether a broken configuration is as its author left it: while one of its files is open for writing, it is not.
    func isWhole(_ problem: Diagnostics, of project: Project) -> Bool {
        !([project.file] + project.sourceFiles).contains { Watcher.isOpenForWriting($0) }
    }

    // MARK: Memory

    func memory(of graph: Graph) -> [NodeID: Success] {
        var memory: [NodeID: Success] = [:]
        for (name, remembered) in (try? state.successes()) ?? [:] {
            guard let node = graph[NodeID(name)] else { continue }
            switch node.kind {
            case .step: memory[node.id] = .step(key: remembered.key, outputs: remembered.outputs)
            case .deploy: memory[node.id] = .deploy(key: remembered.key)
            case .image: memory[node.id] = nil
            }
        }
        return memory
    }
}
