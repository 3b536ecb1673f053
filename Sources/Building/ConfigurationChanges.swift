/// What instructions change in an image's configuration, as BuildKit's frontend does it.

internal import Dockerfile
internal import OCI

/// A configuration on its way through a stage.
struct StageConfiguration {
    var configuration: ImageConfiguration
    /// Whether this stage has a CMD: an ENTRYPOINT then leaves it alone.
    private var hasCommand = false

    /// All times are the same, so that the same inputs give the same digest on any day.
    static let time = "1970-01-01T00:00:00Z"
    private static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// An empty image's.
    init(platform: Platform) {
        configuration = ImageConfiguration(
            architecture: platform.architecture,
            operatingSystem: platform.system,
            variant: platform.variant
        )
        configuration.execution.environment = [Self.defaultPath]
        configuration.execution.workingDirectory = "/"
        configuration.created = Self.time
    }

    /// What a stage takes over from its base.
    init(inheriting base: ImageConfiguration) {
        configuration = base
        configuration.created = Self.time
        configuration.execution.onBuild = []
        if !base.execution.environment.contains(where: { $0.begins(with: "PATH=") }) {
            configuration.execution.environment.append(Self.defaultPath)
        }
    }

    /// What a stage that is half done has; `hasCommand`: one of its own.
    init(resuming stage: ImageConfiguration, hasCommand: Bool) {
        (configuration, self.hasCommand) = (stage, hasCommand)
    }

    /// Instructions that work on files change nothing here; see ``working(in:)``.
    mutating func apply(_ operation: Operation) {
        switch operation {
        case .copy, .run, .argument: break
        case .environment(let variables): for variable in variables { set(variable) }
        case .labels(let labels): add(labels)
        case .expose(let ports): configuration.execution.exposedPorts.formUnion(ports.map { ExactText($0) })
        case .volumes(let paths): configuration.execution.volumes.formUnion(paths.map { ExactText($0) })
        case .stopSignal(let signal): configuration.execution.stopSignal = signal
        case .healthcheck(let check): configuration.execution.healthcheck = .init(check)
        case .shell(let words): configuration.execution.shell = words
        case .command(let words):
            configuration.execution.command = words
            configuration.execution.argumentsEscaped = true
            hasCommand = true
        case .entrypoint(let words):
            configuration.execution.entrypoint = words
            if !hasCommand { configuration.execution.command = [] }
        case .workingDirectory(let path): configuration.execution.workingDirectory = path
        case .user(let user): configuration.execution.user = user
        case .maintainer(let name): configuration.author = name
        case .onBuild(let trigger): configuration.execution.onBuild.append(trigger)
        }
    }

    /// An empty text leaves no trace.
    mutating func addHistory(_ text: String, isEmptyLayer: Bool) {
        guard !text.isEmpty else { return }
        configuration.history.append(
            .init(created: Self.time, createdBy: text, comment: "buildkit.dockerfile.v0", isEmptyLayer: isEmptyLayer)
        )
    }

    private mutating func add(_ labels: [KeyValue]) {
        for label in labels { configuration.execution.labels[ExactText(label.key)] = label.value }
    }

    private mutating func set(_ variable: KeyValue) {
        let text = variable.key + "=" + variable.value
        let known = configuration.execution.environment.firstIndex { $0.begins(with: variable.key + "=") }
        if let known {
            configuration.execution.environment[known] = text
        } else {
            configuration.execution.environment.append(text)
        }
    }
}

extension ImageConfiguration.Healthcheck {
    fileprivate init(_ check: Healthcheck) {
        self.init()
        test = check.test
        (interval, timeout) = (check.interval ?? 0, check.timeout ?? 0)
        (startPeriod, startInterval) = (check.startPeriod ?? 0, check.startInterval ?? 0)
        retries = check.retries ?? 0
    }
}

/// The three parts of `linux/arm/v7`.
struct Platform: Equatable {
    var system: String
    var architecture: String
    var variant: String

    init(_ text: String) throws(BuildProblem) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), parts[0] == "linux" else {
            throw BuildProblem(
                "platform-invalid",
                "\(text) is no platform of Linux images",
                remedy: "write it as linux/amd64"
            )
        }
        (system, architecture) = (parts[0], parts[1])
        variant = parts.count == 3 ? parts[2] : ""
    }
}
