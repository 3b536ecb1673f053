/// docker: the build by the daemon's BuildKit, the image by `docker save`, which every daemon knows.

extension ImageEngine {
    /// BuildKit also where it is not the default; no attestations, which would make an index of the image.
    private static let environment = [
        "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "BUILDKIT_PROGRESS": "plain",
        "DOCKER_CLI_HINTS": "false",
    ]

    func checkDocker() throws(EngineProblem) -> EngineVersion {
        let format = ["version", "--format", "{{.Server.Version}} {{.Client.Version}}"]
        let versions = try ask(["docker"] + format, .unavailable) { $0 }.split(separator: " ").map(String.init)
        var version = EngineVersion(text: "docker " + (versions.first ?? ""))
        version.hasBuildx = hasBuildx("docker")
        if !version.hasBuildx, let client = versions.last, Self.needsBuildx(client) {
            guard let other = otherClient() else {
                throw EngineProblem(
                    .unavailable,
                    "docker's client \(client) builds by its plugin buildx, which is not installed",
                    remedy: "`sudo apt-get install docker-buildx`, or docker-buildx-plugin of Docker's own packages"
                )
            }
            (version.program, version.hasBuildx) = (other, hasBuildx(other))
        }
        version.lacksNetwork = !answers([version.program, "network", "inspect", "bridge"])
        return version
    }

    private func answers(_ words: [String]) -> Bool {
        run(EngineCommand(words, isQuestion: true)) { _ in } == .exited(0)
    }

    private func hasBuildx(_ program: String) -> Bool { answers([program, "buildx", "version"]) }

    /// BuildKit left the client with version 23.
    private static func needsBuildx(_ client: String) -> Bool {
        Int(client.prefix { $0 != "." }).map { $0 >= 23 } ?? false
    }

    /// Another docker behind the first one in PATH that can build.
    private func otherClient() -> String? {
        let search = "IFS=:; for folder in $PATH; do [ -x \"$folder/docker\" ] && echo \"$folder/docker\"; done"
        var found: [String] = []
        _ = run(EngineCommand(["/bin/sh", "-c", search], isQuestion: true)) { found.append($0) }
        return found.dropFirst().first { program in
            let words = [program, "version", "--format", "{{.Client.Version}}"]
            guard let client = try? ask(words, .unavailable, reading: { $0 }) else { return false }
            return !Self.needsBuildx(client) || hasBuildx(program)
        }
    }

    func buildWithDocker(
        _ request: EngineRequest,
        _ version: EngineVersion,
        _ onEvent: (EngineEvent) -> Void
    ) throws(EngineProblem) {
        var words = [version.program, "build", "--progress=plain", "--tag", request.name]
        if version.hasBuildx { words += ["--load"] }
        if !request.usesCache { words += ["--no-cache"] }
        words += ["--platform", request.platform, "--file", request.dockerfile]
        if let network = request.network ?? (version.lacksNetwork ? "host" : nil) { words += ["--network", network] }
        for argument in request.arguments { words += ["--build-arg", argument.key + "=" + argument.value] }
        for secret in request.secrets { words += ["--secret", secret.words] }
        for agent in request.agents { words += ["--ssh", agent] }
        words.append(request.context)
        // By its name: the image itself may be the user's, too.
        defer { _ = run(EngineCommand([version.program, "image", "rm", request.name], isCleanup: true)) { _ in } }
        try execute(EngineCommand(words, environment: Self.environment), EngineOutput(.buildkit), onEvent)
        if let save = saving(request.name, to: request.result) { try execute(save, EngineOutput(.plain)) { _ in } }
    }
}
