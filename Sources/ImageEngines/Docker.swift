/// docker: the build by the daemon's BuildKit, the image by `docker save`, which every daemon knows.

extension ImageEngine {
    /// BuildKit also where it is not the default; no attestations, which would make an index of the image.
    private static let environment = [
        "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "BUILDKIT_PROGRESS": "plain",
        "DOCKER_CLI_HINTS": "false",
    ]

    func checkDocker() throws(EngineProblem) -> EngineVersion {
        let server = try ask(["docker", "version", "--format", "{{.Server.Version}}"], .unavailable) { $0 }
        var version = EngineVersion(text: "docker " + server)
        version.hasBuildx =
            run(EngineCommand(["docker", "buildx", "version"], isQuestion: true), { _ in }) == .exited(0)
        version.lacksNetwork =
            run(EngineCommand(["docker", "network", "inspect", "bridge"], isQuestion: true), { _ in }) != .exited(0)
        return version
    }

    func buildWithDocker(
        _ request: EngineRequest,
        _ version: EngineVersion,
        _ onEvent: (EngineEvent) -> Void
    ) throws(EngineProblem) {
        var words = ["docker", "build", "--progress=plain", "--tag", request.name]
        if version.hasBuildx { words += ["--load"] }
        if !request.usesCache { words += ["--no-cache"] }
        words += ["--platform", request.platform, "--file", request.dockerfile]
        if let network = request.network ?? (version.lacksNetwork ? "host" : nil) { words += ["--network", network] }
        for argument in request.arguments { words += ["--build-arg", argument.key + "=" + argument.value] }
        for secret in request.secrets { words += ["--secret", secret.words] }
        for agent in request.agents { words += ["--ssh", agent] }
        words.append(request.context)
        try execute(EngineCommand(words, environment: Self.environment), EngineOutput(.buildkit), onEvent)
        // By its name: the image itself may be the user's, too.
        defer { _ = run(EngineCommand(["docker", "image", "rm", request.name], isQuestion: true)) { _ in } }
        let save = ["docker", "save", "--output", request.result, request.name]
        try execute(EngineCommand(save), EngineOutput(.plain)) { _ in }
    }
}
