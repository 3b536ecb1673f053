/// What an engine is to build: a folder that holds the Dockerfile and the context, and what goes with them.

internal import Dockerfile

package struct EngineRequest: Sendable {
    /// Absolute: it holds `Dockerfile`, and an ignore file for it that ignores nothing.
    ///
    /// What the engine makes is put beside them.
    package var folder: String
    /// Absolute: without another place the folder `context` beside them.
    package var context: String
    /// As `linux/amd64`.
    package var platform: String
    package var arguments: [(key: String, value: String)]
    /// The network of RUN: `host`, `none`; nil: the engine's own.
    package var network: String?
    package var secrets: [Secret]
    /// `default`, or `ID=SOCKET|KEY`.
    package var agents: [String]
    /// References in the Dockerfile to registries of this machine, which have no certificates.
    package var localBases: [String]
    /// Whether the engine may take what it built before.
    package var usesCache = true

    /// `RUN --mount=type=secret`.
    package struct Secret: Equatable, Sendable {
        package enum Source: Equatable, Sendable {
            case file(String)
            case variable(String)
        }
        package var id: String
        package var source: Source
        package init(id: String, _ source: Source) { (self.id, self.source) = (id, source) }
    }

    package init(
        folder: String,
        platform: String,
        arguments: [(key: String, value: String)] = [],
        network: String? = nil,
        secrets: [Secret] = [],
        agents: [String] = [],
        localBases: [String] = []
    ) {
        (self.folder, self.platform, self.arguments, self.network) = (folder, platform, arguments, network)
        (self.secrets, self.agents, self.localBases) = (secrets, agents, localBases)
        context = folder + "/context"
        name = "imgwatch-head:" + String(UInt128.random(in: 0 ... .max), radix: 16)
    }

    package var dockerfile: String { folder + "/Dockerfile" }
    package var ignoreFile: String { folder + "/Dockerfile.dockerignore" }
    var identity: String { folder + "/image-id" }
    /// The image's name in the engine's store, while it is there: many may share a daemon.
    let name: String
    /// Where the image is put: a tar as `docker save` makes it, or a tar of an OCI layout.
    package var result: String { folder + "/image.tar" }
}
