/// From a command line to a project that can run: configuration, folders, lock, state, survivors, git, store, watcher.

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

/// What is known before the watcher is set up.
struct Opening {
    enum Purpose { case loop, build, plan }

    let purpose: Purpose
    let project: Project
    let warnings: [Diagnostic]
    let reporter: Reporter
    private let environment = ProcessInfo.processInfo.environment
    private let folders: StateFolders

    init(_ options: CommonOptions, purpose: Purpose) throws {
        let loaded = try options.load()
        (self.purpose, project, warnings) = (purpose, loaded.project, loaded.warnings)
        folders = StateFolders.forProject(root: project.root, environment: environment)
        reporter = Reporter.standard(isJSON: options.isJSON, environment: environment)
    }

    /// The part of the graph that the names mean, with what they need; all of it without a name.
    func selection(_ names: [String]) throws(SessionError) -> Graph {
        guard !names.isEmpty else { return project.graph }
        for name in names where !project.graph.contains(NodeID(name)) {
            let known = project.graph.nodes.map(\.id.name).joined(separator: ", ")
            throw SessionError(
                reason: "there is no step or image named \(name)", remedy: "this project has: \(known)", exitCode: 2)
        }
        return project.graph.selecting(names.map { NodeID($0) })
    }

    func session() throws -> Session {
        let lock = purpose == .plan ? nil : try acquireLock()
        let state = try StateStore.open(folders)
        if let notice = state.notice { reporter.report(LoopEvent(.notice, at: .now(), reason: notice)) }
        if purpose != .plan {
            ProcessGroups.endSurvivors(try state.processes())
            try state.forgetProcesses()
        }
        let reader = InputReader(root: project.root, index: HashIndex(state.indexedFiles()))
        let git = openGit(reader)
        let layout = try ImageLayout.open(at: folders.store)
        let store = ImageStore(layout, target: project.registry, address: try address(state), state: state)
        return Session(
            project: project, environment: environment, folders: folders, state: state, lock: lock, reader: reader,
            git: git, store: store, reporter: reporter)
    }

    private func acquireLock() throws -> ProjectLock {
        do {
            return try ProjectLock.acquire(folders)
        } catch StateError.held(let pid) {
            throw SessionError(
                reason: "imgwatch already runs in \(project.root), as process \(pid)",
                remedy: "it rebuilds what changes by itself; end it with `kill -INT \(pid)` to build once here")
        }
    }

    /// Where images go, as it stands before an image's name.
    private func address(_ state: StateStore) throws -> RegistryAddress {
        switch project.registry {
        case .embedded: .loopback(port: try state.registryPort(project: project.root))
        case .layout(let path): .layout(path)
        case .remote(let name): .remote(name)
        }
    }

    /// A project without git, or with one that can't be read, is served as well: its tags are made of keys alone.
    private func openGit(_ reader: InputReader) -> GitNames? {
        do {
            if let repository = try Repository.discover(from: project.root) {
                return GitNames(repository, reader: reader)
            }
            tell("this project is in no git repository: images are tagged key-…")
        } catch {
            tell("git can't be used: \(error.reason); images are tagged key-…. \(error.remedy)")
        }
        return nil
    }

    private func tell(_ notice: String) { reporter.report(LoopEvent(.notice, at: .now(), reason: notice)) }
}
