/// From a command line to a project that can run: configuration, folders, lock, state, survivors, git, store.

import Building
import Engine
import Foundation
import Git
import Graph
import HTTP
import Inputs
import OCI
import Project
import Registry
import Reporting
import State
import Watching

/// What a session is made of.
struct SessionParts {
    var environment: [String: String]
    var state: StateStore
    var folders: StateFolders
    /// nil for a command that only looks.
    var lock: ProjectLock?
    /// Of who works beside a loop.
    var storeLock: StoreLock?
    var reader: InputReader
    var inputs: FolderOfFiles
    var git: GitNames?
    var store: ImageStore
    var bases: ExternalBases
    var heads: HeadBuilder
    var cloud: CloudBuilds
    var http: HTTPClient
    var reporter: Reporter
    var output: OutputQueue
}

/// What is known before the project is opened.
struct Opening {
    enum Purpose {
        case loop, build, plan
        /// Layers that were made before prove nothing to it.
        case verify

        /// Works beside a loop, and leaves the project's state as it is.
        var isBeside: Bool { self == .plan || self == .verify }
    }

    let purpose: Purpose
    let project: Project
    let warnings: [Diagnostic]
    /// Bases are asked for whatever the configuration says.
    let asksForBases: Bool
    let reporter: Reporter
    let output = OutputQueue(.standard)
    /// Of nodes that there are, and of such as there were.
    private static let mostReadings = 1_000
    private let environment = ProcessInfo.processInfo.environment
    let folders: StateFolders

    init(_ options: CommonOptions, purpose: Purpose, asksForBases: Bool = false) throws {
        // It reads the certificates of the system first, which takes as long as all the rest.
        let preparing = DispatchGroup()
        DispatchQueue(label: "libgit2", qos: .userInitiated).async(group: preparing) { Repository.prepare() }
        // A program that ends while a library starts crashes.
        defer { preparing.wait() }
        let loaded = try options.load()
        (self.purpose, project, warnings) = (purpose, loaded.project, loaded.warnings)
        self.asksForBases = asksForBases
        folders = StateFolders.forProject(root: project.root, environment: environment)
        guard !purpose.isBeside else {
            reporter = Reporter(style: .plain) { _ in true }
            return
        }
        let style =
            options.isJSON ? Style.json : Style.style(environment: environment, isTerminal: Output.standard.isTerminal)
        reporter = Reporter(style: style) { [output] in output.send($0) }
    }

    /// The part of the graph that the names mean, with what they need; all of it without a name.
    func selection(_ names: [String], in project: Project) throws(SessionError) -> Graph {
        guard !names.isEmpty else { return project.graph }
        for name in names where !project.graph.contains(NodeID(name)) {
            let known = project.graph.nodes.map(\.id.name)
            let guess = Nearest.to(name, in: known).map { "did you mean `\($0)`? " } ?? ""
            throw SessionError(
                reason: "there is no step or image named \(name)",
                remedy: "\(guess)this project has: \(known.joined(separator: ", "))",
                exitCode: 2
            )
        }
        return project.graph.selecting(names.map { NodeID($0) })
    }

    func session() throws -> Session {
        tellWarnings()
        try folders.create()
        let lock = purpose.isBeside ? nil : try acquireLock()
        let storeLock = purpose.isBeside ? try StoreLock.share(folders) : nil
        let state = try StateStore.open(folders)
        if let notice = state.notice { tell(notice) }
        if !purpose.isBeside { try endSurvivors(state) }
        let repository = openRepository()
        let reader = reader(repository)
        let layout = try ImageLayout.open(at: folders.store)
        if !purpose.isBeside { clean(layout, state) }
        let http = HTTPClient()
        let services = CloudServices(environment, http, project.cloud)
        let registries = Registries(environment, http, services)
        let address = try address(state, layout)
        let remote = address.remoteName.map { RemoteRegistry($0, registries, layout: layout) }
        let bases = try ExternalBases(layout, registries, keepsPins: !purpose.isBeside, asksAlways: asksForBases)
        let store = try ImageStore(
            layout,
            address: address,
            remote: remote,
            bases: bases,
            cache: purpose == .verify ? .inMemory() : state.layerCache,
            indexes: .inFolder(folders.state + "/layers")
        )
        return try Session(
            SessionParts(
                environment: environment,
                state: state,
                folders: folders,
                lock: lock,
                storeLock: storeLock,
                reader: reader,
                inputs: try FolderOfFiles(folders.state + "/inputs", most: Self.mostReadings),
                git: repository.flatMap { GitNames($0, reader: reader, environment) },
                store: store,
                bases: bases,
                heads: heads(store),
                cloud: CloudBuilds(services, CloudRecords(path: folders.state + "/builds.json")),
                http: http,
                reporter: reporter,
                output: output
            )
        )
    }

    private func tellWarnings() {
        guard !warnings.isEmpty else { return }
        reporter.report(
            LoopEvent(.notice, at: .now(), reason: "the configuration has warnings", diagnostics: warnings)
        )
    }

    private func reader(_ repository: Repository?) -> InputReader {
        InputReader(
            root: project.root,
            index: HashIndex(),
            tellsByTimes: Mount.holding(project.root, among: Mount.all())?.kind.datesDirectories ?? false,
            repository: repository
        )
    }

    /// Nobody else works on the project yet.
    private func clean(_ layout: ImageLayout, _ state: StateStore) {
        guard layout.size > project.storeLimit,
            let done = try? StoreCleaning(layout, folders, project, state).clean(), done.bytes > 0
        else { return }
        tell("the store had grown large: \(Formats.size(bytes: done.bytes)) that nothing needs were removed")
    }

    private func heads(_ store: ImageStore) -> HeadBuilder {
        let scratch = folders.state + "/heads"
        if purpose != .plan { HeadBuilder.clear(scratch) }
        return HeadBuilder(store: store, environment: environment, scratch: scratch)
    }

    private func acquireLock() throws -> ProjectLock {
        do {
            return try ProjectLock.acquire(folders)
        } catch StateError.held(let pid) {
            throw SessionError(
                reason: "imgwatch already runs in \(project.root), as process \(pid)",
                remedy: "`imgwatch status` says what it does, `imgwatch stop` ends it"
            )
        }
    }

    /// A port that another program has taken is said before anything is built under its name.
    private func address(_ state: StateStore, _ layout: ImageLayout) throws -> RegistryAddress {
        switch project.registry {
        case .embedded:
            let port = try state.registryPort(for: project.root)
            guard purpose == .loop else { return .loopback(port: port) }
            do {
                try state.checkPort(port)
            } catch {
                // Where no image has the port in its name, another is as good.
                guard try layout.names().isEmpty else { throw error }
                return .loopback(port: try state.otherRegistryPort(for: project.root, insteadOf: port))
            }
            return .loopback(port: port)
        case .layout(let path): return .layout(path)
        case .remote(let name): return .remote(name)
        }
    }

    /// What a crash left running is ended before anything is read: it might still write.
    private func endSurvivors(_ state: StateStore) throws {
        let records = try state.processes()
        for left in ProcessGroups.endSurvivors(records) {
            tell("process group \(left.pid) of \(left.node), which an earlier imgwatch left, can't be ended")
        }
        for record in records { try state.forgetProcess(record.pid) }
    }

    /// A project without git, or with one that can't be read, is served as well: its tags are made of keys alone.
    private func openRepository() -> Repository? {
        do {
            if let repository = try Repository.discover(from: project.root) { return repository }
            tell("this project is in no git repository: images are tagged key-…")
        } catch {
            tell("git can't be used: \(error.reason); \(error.remedy). Images are tagged key-…")
        }
        return nil
    }

    /// The project with what is known of its bases, once the registries were asked; what images show there is known
    /// then, too.
    func prepare(_ session: Session) async throws -> Project {
        let bases = project.bases
        async let looked: Void = session.lookAtReferences(of: project)
        // It voids what is remembered, which nobody does beside a loop.
        async let examined: Void? = purpose.isBeside ? nil : session.lookAtFunctions(of: project)
        guard !bases.isEmpty else {
            _ = await (looked, examined)
            return project
        }
        // What is verified is what was built: on the bases as they were then.
        let asked = bases.filter {
            session.bases.isAsked($0, purpose == .verify && !asksForBases ? .missing : project.pull(of: $0))
        }
        for base in await session.bases.resolve(asked).kept {
            let reason = session.bases.failure(base).map { ": \($0.reason)" } ?? ""
            tell("whether \(base.text) has changed can't be found out\(reason); what it was is used")
        }
        _ = await (looked, examined)
        return try session.load(project.file).project
    }

    private func tell(_ notice: String) {
        reporter.report(LoopEvent(.notice, at: .now(), reason: notice))
    }
}

extension RegistryAddress {
    fileprivate var remoteName: String? { if case .remote(let name) = self { name } else { nil } }
}

extension Registries {
    init(_ environment: [String: String], _ http: HTTPClient, _ services: CloudServices? = nil) {
        let start = ContinuousClock.now
        var parts = ClientParts(
            environment: environment,
            send: { request async throws(HTTPError) in try await http.send(request) },
            pause: { try await Task.sleep(for: $0) },
            now: { ContinuousClock.now - start }
        )
        if let services {
            parts.secrets = services.secrets
            parts.passwords = { host, refused async throws(RegistryError) in
                try await services.password(of: host, insteadOf: refused)
            }
        }
        self.init(parts)
    }
}
