/// buildah and podman, which are one engine with two commands: no daemon. In OCI's format they would drop what it does
/// not know: SHELL, HEALTHCHECK, ONBUILD.

internal import Glibc

extension ImageEngine {
    func buildWithBuildah(
        _ request: EngineRequest,
        _ onEvent: (EngineEvent) -> Void
    ) throws(EngineProblem) {
        // What is there already is not looked for again, over TLS.
        for base in request.localBases {
            let pull = [kind.program, "pull", "--quiet", "--policy", "missing", "--tls-verify=false", base]
            _ = try ask(kind == .buildah ? pull : pull.filter { $0 != "--policy" && $0 != "missing" }, .build) { $0 }
        }
        var words = [kind.program, "build", "--layers", "--force-rm", "--format", "docker"]
        words += [
            "--iidfile", request.identity, "--platform", request.platform, "--file", request.dockerfile, "--ignorefile",
            request.ignoreFile,
        ]
        if kind == .buildah { words += ["--identity-label=false"] }
        if !request.usesCache { words += ["--no-cache"] }
        if let network = request.network { words += ["--network", network] }
        for argument in request.arguments { words += ["--build-arg", argument.key + "=" + argument.value] }
        for secret in request.secrets { words += ["--secret", secret.words] }
        for agent in request.agents { words += ["--ssh", agent] }
        words.append(request.context)
        try execute(EngineCommand(words), EngineOutput(.buildah), onEvent)
        let identity = try self.identity(of: request)
        if let save = saving(identity, to: request.result) { try execute(save, EngineOutput(.plain)) { _ in } }
    }

    /// What the build wrote to the file that it was given for that.
    func identity(of request: EngineRequest) throws(EngineProblem) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let descriptor = open(request.identity, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        let count = descriptor >= 0 ? read(descriptor, &bytes, bytes.count) : -1
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        guard text.hasPrefix("sha256:") else {
            throw EngineProblem(
                .build,
                "\(kind.program) does not say which image it built",
                remedy: "update it, or name another engine by `builder:`"
            )
        }
        return String(text.prefix { !$0.isWhitespace })
    }
}
