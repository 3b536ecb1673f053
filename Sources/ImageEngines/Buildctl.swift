/// buildctl: a BuildKit that runs anywhere (`BUILDKIT_HOST`), its result as an OCI layout in a tar.

extension ImageEngine {
    func buildWithBuildctl(
        _ request: EngineRequest,
        _ onEvent: (EngineEvent) -> Void
    ) throws(EngineProblem) {
        var words = ["buildctl", "build", "--progress=plain", "--frontend", "dockerfile.v0"]
        words += ["--local", "context=" + request.context, "--local", "dockerfile=" + request.folder]
        words += ["--opt", "platform=" + request.platform]
        if !request.usesCache { words += ["--no-cache"] }
        if let network = request.network {
            words += ["--opt", "force-network-mode=" + network]
            if network == "host" { words += ["--allow", "network.host"] }
        }
        for argument in request.arguments { words += ["--opt", "build-arg:" + argument.key + "=" + argument.value] }
        for secret in request.secrets { words += ["--secret", secret.words] }
        for agent in request.agents { words += ["--ssh", agent] }
        words += ["--output", "type=oci,dest=" + request.result]
        try execute(EngineCommand(words), EngineOutput(.buildkit), onEvent)
    }
}

extension EngineRequest.Secret {
    /// As docker, buildctl and buildah take it.
    var words: String {
        switch source {
        case .file(let path): "id=\(id),src=\(path)"
        case .variable(let name): "id=\(id),env=\(name)"
        }
    }
}
