/// One function in front of docker, buildctl, buildah and podman: what is to be built goes in, an image comes out.

package struct ImageEngine: Sendable {
    package let kind: EngineKind
    let run: EngineRunner

    package init(_ kind: EngineKind, run: @escaping EngineRunner) { (self.kind, self.run) = (kind, run) }

    /// Whether it is there and works, and how it calls itself.
    ///
    /// Throws a problem of the kind ``EngineProblem/Kind/unavailable`` with the reason. Blocks.
    package func check() throws(EngineProblem) -> EngineVersion {
        switch kind {
        case .docker: try checkDocker()
        case .buildkit:
            EngineVersion(text: "buildctl " + (try ask(["buildctl", "debug", "workers"], .unavailable) { _ in "" }))
        case .buildah, .podman: EngineVersion(text: try ask([kind.program, "--version"], .unavailable) { $0 })
        }
    }

    /// Builds the last stage of the Dockerfile, and puts it into ``EngineRequest/result``.
    ///
    /// Blocks. What happens is told line by line. Nothing is left in the engine's store under a name.
    package func build(
        _ request: EngineRequest,
        _ version: EngineVersion,
        onEvent: @escaping (EngineEvent) -> Void
    ) throws(EngineProblem) {
        switch kind {
        case .docker: try buildWithDocker(request, version, onEvent)
        case .buildkit: try buildWithBuildctl(request, onEvent)
        case .buildah, .podman: try buildWithBuildah(request, onEvent)
        }
    }

    /// Puts an image of the engine's own store into a tar.
    ///
    /// - Returns: Why not, as the engine says it: most often, that it has none of this name; nil where it is done.
    package func save(_ name: String, to archive: String) -> String? {
        guard let command = saving(name, to: archive) else { return "\(kind.program) keeps no images" }
        var last = ""
        switch run(command, { last = $0 }) {
        case .exited(0): return nil
        case .exited(let status): return last.isEmpty ? "\(kind.program) ended with status \(status)" : last
        case .failed(let reason): return reason
        case .cancelled: return "cancelled"
        }
    }

    /// nil where the engine keeps no images.
    func saving(_ name: String, to archive: String) -> EngineCommand? {
        switch kind {
        case .docker: EngineCommand(["docker", "save", "--output", archive, name])
        case .buildah: EngineCommand(["buildah", "push", "--quiet", name, "docker-archive:" + archive])
        case .podman:
            EngineCommand(["podman", "save", "--quiet", "--format", "docker-archive", "--output", archive, name])
        case .buildkit: nil
        }
    }

    /// Runs the build itself, and says of its failure what the output shows.
    func execute(
        _ command: EngineCommand,
        _ output: consuming EngineOutput,
        _ onEvent: (EngineEvent) -> Void
    ) throws(EngineProblem) {
        var output = output
        let end = run(command) { line in for event in output.read(line) { onEvent(event) } }
        switch end {
        case .exited(0): return
        case .cancelled: throw .cancelled
        case .failed(let reason):
            throw EngineProblem(.unavailable, "\(kind.program) could not be run: \(reason)", remedy: Self.remedy(kind))
        case .exited(let status): throw output.problem(status, of: kind)
        }
    }

    /// The first line that a short command prints, as the caller reads it.
    func ask(
        _ words: [String],
        _ failure: EngineProblem.Kind,
        reading: (String) -> String
    ) throws(EngineProblem) -> String {
        var lines: [String] = []
        let end = run(EngineCommand(words, isQuestion: failure == .unavailable)) { line in
            if !line.allSatisfy(\.isWhitespace) { lines.append(line) }
        }
        switch end {
        case .exited(0): return reading(lines.first ?? "")
        case .cancelled: throw .cancelled
        case .failed(let reason):
            throw EngineProblem(failure, "\(kind.program) could not be run: \(reason)", remedy: Self.remedy(kind))
        case .exited(127):
            throw EngineProblem(failure, "\(kind.program) is not installed", remedy: Self.remedy(kind))
        case .exited(let status):
            let said = lines.last ?? "it exited with status \(status)"
            throw EngineProblem(failure, "\(kind.program) does not work: \(said)", remedy: Self.remedy(kind))
        }
    }

    static func remedy(_ kind: EngineKind) -> String {
        switch kind {
        case .docker: "`sudo apt-get install docker.io`, or set DOCKER_HOST to where a daemon listens"
        case .buildkit: "start buildkitd, or set BUILDKIT_HOST to where one listens"
        case .buildah, .podman: "`sudo apt-get install \(kind.program)`"
        }
    }
}

/// What was found out of an engine once, and decides how it is called.
package struct EngineVersion: Equatable, Sendable {
    /// As it is shown: `docker 20.10.24`.
    package var text: String
    /// docker: the client, where the first one in PATH can't build.
    package var program = "docker"
    /// docker: builds go through buildx, which can have builders elsewhere.
    package var hasBuildx = false
    /// docker: the daemon has no network of its own for RUN.
    package var lacksNetwork = false
}
