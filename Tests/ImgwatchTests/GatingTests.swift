import Building
import Engine
import Foundation
import Git
import HTTP
import Inputs
import OCI
import Project
import Registry
import Reporting
import State
import Synchronization
import Testing

@testable import imgwatch

/// The petstore's graph in the real loop, with the engine's gates and without them: it is the gates that keep stale
/// files out of images, and not luck.
@Suite(.serialized) struct GatingTests {
    private static let configuration = """
        parallel: 4
        steps:
          build-ui: {run: sh make.sh ui 0.4 spec, inputs: [spec, make.sh], outputs: [out/ui]}
          build-brrtrouter: {run: sh make.sh tool 0.1 tool.txt, inputs: [tool.txt, make.sh], outputs: [out/tool]}
          gen-petstore:
            {run: sh make.sh gen 0.05 spec out/tool, inputs: [spec, out/tool, make.sh], outputs: [out/gen],
            needs: [build-brrtrouter]}
          build-petstore:
            {run: sh make.sh server 0.1 out/gen, inputs: [out/gen, make.sh], outputs: [out/server],
            needs: [gen-petstore]}
        images:
          base: {dockerfile: Dockerfile.base}
          petstore: {dockerfile: Dockerfile, needs: [build-ui, build-petstore]}
        """

    /// Each command reads at its start and writes in two pieces; every file names what it was made from.
    private static let script = """
        set -e
        name=$1; pause=$2; shift 2
        text=$(cat "$@" | tr '\\n' ' ')
        mkdir -p out
        printf 'half' > out/$name
        sleep $pause
        printf '%s(%s)' $name "$text" > out/$name
        """

    private static func instant(_ spec: Int) -> [String: String] {
        ["ui": "ui(\(spec))", "server": "server(gen(\(spec)tool(t)))", "base": "b"]
    }

    /// What each published image of the petstore held, while the specification is edited in the worst moments.
    private func published(under rules: Rules) async throws -> [[String: String]] {
        let folder = try TemporaryFolder([
            "spec": "0", "tool.txt": "t", "make.sh": Self.script, "base.txt": "b",
            "Dockerfile": "FROM base\nCOPY out/ui out/server /\n",
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /base\n",
        ])
        let project = try folder.project(Self.configuration)
        let run = try LoopRun(project, in: folder, rules: rules)
        async let running: Void = run.loop.run()
        var failure: (any Error)?
        do {
            try await run.wait { $0 == Self.instant(0) }
            for edit in 1...4 {
                try folder.write("spec", "\(edit)")
                try await run.wait { $0 == Self.instant(edit) }
            }
        } catch {
            failure = error
        }
        // Whatever came of it: the test does not end before the loop does.
        await run.loop.stop()
        await running
        run.session.end()
        if let failure { throw failure }
        return try run.images()
    }

    @Test func `with its gates every image is of one instant`() async throws {
        let images = try await published(under: .all)
        let instants = (0...4).map(Self.instant)
        #expect(images.allSatisfy { instants.contains($0) } && images.count >= 5, "\(images)")
    }

    /// Gated at its first run only, started before its inputs are read anew, and never asked again.
    @Test func `without them the same edits publish stale images`() async throws {
        let gates: Rules = [.gateEveryRun, .keyBeforeStart, .commitGate]
        let images = try await published(under: Rules.all.subtracting(gates))
        let instants = (0...4).map(Self.instant)
        #expect(!images.allSatisfy { instants.contains($0) }, "nothing went stale, so the gated run proves nothing")
    }
}

/// A loop in this process, and what it published.
private final class LoopRun: Sendable {
    let session: Session
    let loop: Loop
    private let layout: ImageLayout
    private let digests: Digests

    private final class Digests: Sendable {
        let all = Mutex<[String]>([])
    }

    struct Stuck: Error {
        var images: [[String: String]]
    }

    init(_ project: Project, in folder: TemporaryFolder, rules: Rules) throws {
        let environment = ["PATH": "/usr/bin:/bin"].merging(
            ["STATE", "DATA", "RUNTIME", "CACHE"].map { ("XDG_\($0)_HOME", folder.path("home/" + $0)) }
        ) { $1 }
        let folders = StateFolders.forProject(root: project.root, environment: environment)
        try folders.create()
        let state = try StateStore.open(folders)
        layout = try ImageLayout.open(at: folders.store)
        let digests = Digests()
        let reporter = Reporter(style: .json) { bytes in
            let line = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
            if line?["event"] as? String == "pushed", line?["node"] as? String == "petstore",
                let digest = line?["digest"] as? String
            {
                digests.all.withLock { $0.append(digest) }
            }
            return true
        }
        let http = HTTPClient()
        let registries = Registries(environment, http)
        let store = try ImageStore(layout, address: .loopback(port: 5000), cache: .inMemory())
        session = try Session(
            SessionParts(
                environment: environment,
                state: state,
                folders: folders,
                reader: InputReader(root: project.root, index: HashIndex()),
                inputs: FolderOfFiles(folders.state + "/inputs", most: 10),
                store: store,
                bases: ExternalBases(layout, registries),
                heads: HeadBuilder(store: store, environment: environment, scratch: folders.state + "/heads"),
                cloud: CloudBuilds(
                    CloudServices(environment, http, nil),
                    CloudRecords(path: folders.state + "/builds")
                ),
                http: http,
                reporter: reporter,
                output: OutputQueue(.standard)
            )
        )
        self.digests = digests
        loop = Loop(session, project: project, selected: project.graph, mode: .watch, rules: rules)
        session.begin(loop, in: project)
    }

    /// Returns when the latest image is that one.
    func wait(for isExpected: ([String: String]) -> Bool) async throws {
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !(images().last.map(isExpected) ?? false) {
            guard Date() < deadline else { throw Stuck(images: try images()) }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) { continuation.resume() }
            }
        }
    }

    /// The files of each image, by name.
    func images() throws -> [[String: String]] {
        try digests.all.withLock(\.self).map { digest in
            let manifest = try Manifest(decoding: blob(digest))
            var files: [String: String] = [:]
            for layer in manifest.layers {
                let tar = try TarSource(path: layout.blobPath(layer.digest))
                for member in try tar.members() {
                    guard case .file = member.entry.kind else { continue }
                    files[member.entry.path] = String(decoding: try tar.content(of: member), as: UTF8.self)
                }
            }
            return files
        }
    }

    private func blob(_ digest: String) throws -> [UInt8] {
        let hex = digest.dropFirst("sha256:".count)
        return try Array(Data(contentsOf: URL(filePath: "\(layout.path)/blobs/sha256/\(hex)")))
    }
}
