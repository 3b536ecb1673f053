/// The image configuration (OCI image specification 1.1, config.md) with Docker's additions to it.

package struct ImageConfiguration: Hashable, Sendable {
    /// RFC 3339; the same for all inputs, so that the same inputs give the same digest.
    package var created: String?
    package var author: String
    /// A name of Go's: `amd64`, `arm64`, ….
    package var architecture: String
    package var operatingSystem: String
    /// `v7`, …; empty where the architecture has none.
    package var variant: String
    package var execution: Execution
    /// The hashes of the layers' tars, the lowest one first.
    package var diffIDs: [Digest]
    package var history: [History]

    package init(architecture: String, operatingSystem: String, variant: String = "") {
        (self.architecture, self.operatingSystem, self.variant) = (architecture, operatingSystem, variant)
        (author, execution, diffIDs, history) = ("", Execution(), [], [])
    }

    /// As `linux/arm/v7`.
    package var platform: String {
        [operatingSystem, architecture, variant].filter { !$0.isEmpty }.joined(separator: "/")
    }

    /// How a container of the image is run: the key `config`.
    ///
    /// Empty values are not written.
    package struct Execution: Hashable, Sendable {
        package var user = ""
        /// Each as `8080/tcp`.
        package var exposedPorts: Set<ExactText> = []
        /// `NAME=value`, in order.
        package var environment: [String] = []
        package var entrypoint: [String] = []
        package var command: [String] = []
        package var volumes: Set<ExactText> = []
        package var workingDirectory = ""
        package var labels: [ExactText: String] = [:]
        package var stopSignal = ""
        /// Docker sets it with every command; it means something on Windows only.
        package var argumentsEscaped = false
        package var healthcheck: Healthcheck?
        package var onBuild: [String] = []
        package var shell: [String] = []

        package init() {}
    }

    /// Durations in nanoseconds, 0 for "inherited".
    package struct Healthcheck: Hashable, Sendable {
        package var test: [String] = []
        package var interval: Int64 = 0
        package var timeout: Int64 = 0
        package var startPeriod: Int64 = 0
        package var startInterval: Int64 = 0
        package var retries = 0

        package init() {}
    }

    /// What made a layer, or changed the configuration only.
    package struct History: Hashable, Sendable {
        package var created: String?
        package var createdBy: String
        package var author: String
        package var comment: String
        package var isEmptyLayer: Bool

        package init(
            created: String?,
            createdBy: String,
            author: String = "",
            comment: String = "",
            isEmptyLayer: Bool = false
        ) {
            (self.created, self.createdBy, self.author) = (created, createdBy, author)
            (self.comment, self.isEmptyLayer) = (comment, isEmptyLayer)
        }
    }
}
