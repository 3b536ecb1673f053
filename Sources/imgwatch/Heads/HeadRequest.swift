/// What an engine is given for a head: a Dockerfile and a context, in folders that go with their owner.

import Dockerfile
import Engine
import Foundation
import Glibc
import Graph
import ImageEngines
import OCI
import Project

final class HeadRequest: Sendable {
    let request: EngineRequest
    /// Of the context, where that is in memory.
    private let place: ContextPlace?

    /// `folder` is made; images of the project are served on the port.
    init(
        _ wanted: WantedHead,
        in folder: String,
        _ build: HeadBuild,
        port: UInt16?,
        _ environment: [String: String]
    ) throws(ImageProblem) {
        let other = EngineChoice.otherHost(for: wanted.image.building.builder, environment)
        let names = BaseNames(wanted, port: port, isElsewhere: other != nil)
        if let other, let base = names.unreachable.first {
            throw .failed(
                Failure(
                    "the engine on \(other) can't get the image \(base) from this machine; set `registry` to one that "
                        + "both reach, and let \(base) be pushed"
                )
            )
        }
        var request = EngineRequest(folder: folder, platform: wanted.image.platform)
        request.network = wanted.image.building.network
        request.usesCache = wanted.usesCache
        request.arguments = Self.arguments(of: wanted)
        request.secrets = wanted.secrets
        request.agents = environment["SSH_AUTH_SOCK"] == nil ? [] : wanted.agents
        let files = try wanted.files()
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            request.localBases = names.local
            try Self.write(wanted, names, for: request)
            (request.context, place) = try Self.writeContext(files, for: request) { build.isCancelled }
        } catch {
            ContextFolder.remove(folder)
            switch error {
            case ContextProblem.changed(let path): throw .inputChanged(path: path)
            case ContextProblem.cancelled: throw .cancelled
            case ContextProblem.storage(let error): throw ImageProblem(error)
            case let problem as DockerfileProblem:
                let place = "\(wanted.image.dockerfile):\(problem.line)"
                throw .failed(Failure("\(place): \(problem.reason); \(problem.remedy)"))
            default: throw .failed(Failure("\(folder) can't be written: \(error)"))
            }
        }
        self.request = request
    }

    deinit { ContextFolder.remove(request.folder) }

    /// Whether the context is still all there.
    var isComplete: Bool { place?.isThere ?? true }

    /// From now on the Dockerfile has no `# syntax=`; false where it needs that.
    func leaveSyntaxOut() -> Bool { rename(Self.plainDockerfile(request), request.dockerfile) == 0 }

    /// The Dockerfile without `# syntax=`.
    private static func plainDockerfile(_ request: EngineRequest) -> String { request.dockerfile + ".plain" }

    private static func write(_ wanted: WantedHead, _ names: BaseNames, for request: EngineRequest) throws {
        // Of another language, or of a version that is named by its digest, nothing else is the same.
        let isForeign = wanted.image.evaluation.engineWork.contains { $0.id == "syntax" }
        let isExact = isForeign || wanted.image.evaluation.syntax?.contains("@") == true
        for keepsSyntax in [true, false] where keepsSyntax || !isExact {
            let place = keepsSyntax ? request.dockerfile : plainDockerfile(request)
            let text = try wanted.image.source?.text(of: wanted.head, keepsSyntax: keepsSyntax) { names[$0, $1] }
            try (text ?? "").write(toFile: place, atomically: false, encoding: .utf8)
        }
        // What is ignored is not there; a file of the context that says so for another Dockerfile means nothing.
        try "# nothing\n".write(toFile: request.ignoreFile, atomically: false, encoding: .utf8)
    }

    /// Into memory, or, where that turns out not to do, beside the Dockerfile.
    private static func writeContext(
        _ files: [ContextEntry],
        for request: EngineRequest,
        isCancelled: @escaping () -> Bool
    ) throws -> (path: String, place: ContextPlace?) {
        if let place = ContextPlace(for: files) {
            let path = place.path + "/context"
            do {
                try ContextFolder(path, isCancelled: isCancelled).write(files)
                return (path, place)
            } catch ContextProblem.storage {}
        }
        try ContextFolder(request.context, isCancelled: isCancelled).write(files)
        return (request.context, nil)
    }

    /// Checks are made of the Dockerfile, not of what is left of it here.
    private static func arguments(of wanted: WantedHead) -> [(key: String, value: String)] {
        var given = wanted.image.argumentTexts(wanted.references).filter { $0.key != LintOptions.argument }
        if let stage = wanted.targetStage { given.append(KeyValue("TARGETSTAGE", stage)) }
        return given.map { (key: $0.key, value: $0.value) }
    }
}
