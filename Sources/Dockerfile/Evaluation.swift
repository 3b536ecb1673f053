/// What a Dockerfile says once arguments and variables are filled in: the stages that the target needs, in order.
/// The rules are those of BuildKit's Dockerfile frontend.

package struct Evaluation: Equatable, Sendable {
    /// Only the stages that the target needs, in the order of the file; the last one is the target.
    package var stages: [EvaluatedStage]
    /// `# syntax=`, where the file names one.
    package var syntax: String?
    /// Its line, from 1.
    package var syntaxLine: Int
    /// The names of all the stages of the file, needed or not: what a mistyped name may have meant.
    package var stageNames: [String]
    package init(
        stages: [EvaluatedStage],
        syntax: String? = nil,
        syntaxLine: Int = 1,
        stageNames: [String] = []
    ) {
        (self.stages, self.syntax, self.syntaxLine) = (stages, syntax, syntaxLine)
        self.stageNames = stageNames
    }
}

package struct EvaluatedStage: Equatable, Sendable {
    /// The stage's position in the file, from 0.
    package var index: Int
    /// Lower case; nil for a stage without a name.
    package var name: String?
    package var base: Base
    /// The line of its `FROM`, from 1.
    package var line: Int
    package var instructions: [EvaluatedInstruction]
    /// `FROM --platform`, where it is not the platform that the image is made for.
    package var platform: String?
    package init(
        index: Int,
        name: String?,
        base: Base,
        line: Int,
        instructions: [EvaluatedInstruction],
        platform: String? = nil
    ) {
        (self.index, self.name, self.base, self.line) = (index, name, base, line)
        (self.instructions, self.platform) = (instructions, platform)
    }
}

/// What a stage starts from, or what `COPY --from` reads.
package enum Base: Equatable, Hashable, Sendable {
    case scratch
    /// A stage of this file, by its ``EvaluatedStage/index``.
    case stage(Int)
    /// Another image of the project, by its name in `.imgwatch`.
    case project(String)
    /// An image from elsewhere, as it is written after expansion.
    case external(String)
}

package struct EvaluatedInstruction: Equatable, Sendable {
    /// The first line of the instruction, from 1.
    package var line: Int
    package var operation: Operation
    /// What BuildKit writes as `created_by`, after expansion (`ENV A=b`, `COPY a b # buildkit`, …).
    ///
    /// Empty: no entry (`ONBUILD`, and the second and later names of one `ARG`).
    package var history: String
    package init(line: Int, operation: Operation, history: String) {
        (self.line, self.operation, self.history) = (line, operation, history)
    }
}

/// One instruction, expanded; metadata comes as it must stand in the image's configuration.
package enum Operation: Equatable, Sendable {
    case copy(Copy)
    case run(Run)
    /// In the order of the instruction.
    case environment([KeyValue])
    case labels([KeyValue])
    /// Normalised `8080/tcp`, sorted.
    case expose([String])
    case volumes([String])
    /// As it must stand in the configuration (`SIGTERM`, `15`).
    case stopSignal(String)
    case healthcheck(Healthcheck)
    case shell([String])
    /// The argument vector, the shell put before a shell form.
    case command([String])
    case entrypoint([String])
    /// Absolute, but not clean where the Dockerfile's own path is not; the directory is made where it is missing.
    ///
    /// BuildKit makes a layer for all but `/`, for `/.` and `//` too.
    case workingDirectory(String)
    case user(String)
    case maintainer(String)
    /// The trigger's text.
    case onBuild(String)
    /// A build argument, for the history; its value is in the expansions already.
    case argument(name: String, value: String?)
}

package struct KeyValue: Equatable, Hashable, Sendable {
    package var key: String
    package var value: String
    package init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }
}

/// `RUN`: carried out by an engine, which gets it as it is written.
package struct Run: Equatable, Sendable {
    /// The instruction without `RUN`, its flags with it; nothing in it is expanded.
    package var text: String
    /// The contents of its here-documents.
    package var heredocs: [KeyValue]
    package var mounts: [Mount]
    package init(text: String, heredocs: [KeyValue] = [], mounts: [Mount] = []) {
        (self.text, self.heredocs, self.mounts) = (text, heredocs, mounts)
    }

    /// `RUN --mount=…`, as far as it says what is read.
    package struct Mount: Equatable, Sendable {
        package enum Kind: String, Sendable, CaseIterable { case bind, cache, tmpfs, secret, ssh }
        package var kind: Kind
        /// `from=`; nil: the context, or nothing.
        package var from: Base?
        /// `source=`, expanded; of a `bind` the path that is read, "" for all of it.
        package var source: String
        /// Of a secret or an agent: `id=`, or what stands for it.
        package var id: String
        /// Of a secret or an agent: whether the instruction fails without.
        package var isRequired: Bool
        package init(
            _ kind: Kind = .bind,
            from: Base? = nil,
            source: String = "",
            id: String = "",
            isRequired: Bool = false
        ) {
            (self.kind, self.from, self.source, self.id, self.isRequired) = (kind, from, source, id, isRequired)
        }
    }
}

/// `COPY` or `ADD`.
package struct Copy: Equatable, Sendable {
    package enum Source: Equatable, Sendable {
        /// A path in the context or in `from`, as it is written after expansion; wildcards as in ``WildcardPattern``.
        case path(String)
        /// A here-document: its name and its content.
        case inline(name: String, content: String)
        /// `ADD https://…` or a git address.
        case remote(String)
    }
    /// `ADD`: local archives are unpacked.
    package var isAdd: Bool
    package var sources: [Source]
    /// Absolute, clean but for a trailing `/` (or `/.`), which is kept: it says "a directory".
    package var destination: String
    /// nil: the context.
    package var from: Base?
    /// `--chown`, as it is written after expansion: `user[:group]`, names or numbers.
    package var owner: String?
    /// `--chmod`, octal or symbolic.
    package var mode: String?
    package var isLink: Bool
    package var keepsParents: Bool
    package var excludes: [String]
    /// `ADD --checksum`, `--keep-git-dir`, `--unpack`: flags with which only an engine deals.
    package var otherFlags: [KeyValue]
    package init(
        isAdd: Bool = false,
        sources: [Source],
        destination: String,
        from: Base? = nil,
        owner: String? = nil,
        mode: String? = nil,
        isLink: Bool = false,
        keepsParents: Bool = false,
        excludes: [String] = [],
        otherFlags: [KeyValue] = []
    ) {
        (self.isAdd, self.sources, self.destination, self.from) = (isAdd, sources, destination, from)
        (self.owner, self.mode, self.isLink, self.keepsParents) = (owner, mode, isLink, keepsParents)
        (self.excludes, self.otherFlags) = (excludes, otherFlags)
    }
}

/// `HEALTHCHECK`, with the units of the image configuration: nanoseconds.
package struct Healthcheck: Equatable, Sendable {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`.
    package var test: [String]
    package var interval: Int64?
    package var timeout: Int64?
    package var startPeriod: Int64?
    package var startInterval: Int64?
    package var retries: Int?
    package init(
        test: [String],
        interval: Int64? = nil,
        timeout: Int64? = nil,
        startPeriod: Int64? = nil,
        startInterval: Int64? = nil,
        retries: Int? = nil
    ) {
        (self.test, self.interval, self.timeout) = (test, interval, timeout)
        (self.startPeriod, self.startInterval, self.retries) = (startPeriod, startInterval, retries)
    }
}

/// What an evaluation needs of the base of a stage: it decides how the stage's own instructions expand.
package struct BaseDefaults: Equatable, Sendable {
    package var environment: [KeyValue]
    package var workingDirectory: String
    package var user: String
    /// nil: `/bin/sh -c`.
    package var shell: [String]?
    /// Triggers that run before the stage's own instructions.
    package var onBuild: [String]
    package init(
        environment: [KeyValue] = [],
        workingDirectory: String = "/",
        user: String = "",
        shell: [String]? = nil,
        onBuild: [String] = []
    ) {
        (self.environment, self.workingDirectory, self.user) = (environment, workingDirectory, user)
        (self.shell, self.onBuild) = (shell, onBuild)
    }
}

/// What the configuration gives to an evaluation.
package struct EvaluationOptions: Equatable, Sendable {
    /// The stage to make, by name; nil: the last one.
    package var target: String?
    package var arguments: [KeyValue]
    /// Every reference that means an image of the project (its name, and what `args: { X: { image: NAME } }`
    /// put in its place), and that image's name.
    package var projectImages: [String: String]
    /// Of images of the project.
    package var baseDefaults: [BaseName: BaseDefaults]
    /// Of images from outside the project.
    package var externalDefaults: [BaseName: BaseDefaults]
    /// Whether nothing is said of mistakes in stages on images of which nothing is known: what those hand down may be
    /// what is missed.
    package var awaitsBases: Bool
    /// The images of the project whose ``baseDefaults`` may be wrong, as they start from an unknown image themselves.
    package var uncertainImages: Set<String>
    /// What the image is made for, like `linux/amd64`.
    package var platform: String
    /// What the machine that builds is.
    package var buildPlatform: String
    package init(
        target: String? = nil,
        arguments: [KeyValue] = [],
        projectImages: [String: String] = [:],
        baseDefaults: [BaseName: BaseDefaults] = [:],
        externalDefaults: [BaseName: BaseDefaults] = [:],
        awaitsBases: Bool = false,
        uncertainImages: Set<String> = [],
        platform: String = "linux/amd64",
        buildPlatform: String? = nil
    ) {
        (self.target, self.arguments, self.projectImages) = (target, arguments, projectImages)
        (self.baseDefaults, self.externalDefaults, self.platform) = (baseDefaults, externalDefaults, platform)
        (self.awaitsBases, self.uncertainImages) = (awaitsBases, uncertainImages)
        self.buildPlatform = buildPlatform ?? platform
    }
}

/// One mistake in a Dockerfile or an ignore file, with place, reason and remedy.
package struct DockerfileProblem: Error, Hashable, Sendable {
    /// Stable, like `dockerfile-unknown-instruction` or `dockerfile-run-unsupported`.
    package var id: String
    /// From 1.
    package var line: Int
    package var column: Int
    package var reason: String
    package var remedy: String
    /// It stops nothing.
    package var isWarning = false
    package init(id: String, line: Int, column: Int = 1, reason: String, remedy: String) {
        (self.id, self.line, self.column, self.reason, self.remedy) = (id, line, column, reason, remedy)
    }
}

/// All the mistakes that were found in one reading, in the order of their lines; never empty.
package struct DockerfileProblems: Error, Equatable, Sendable {
    package var all: [DockerfileProblem]
    package init(_ all: [DockerfileProblem]) { self.all = all }
}
