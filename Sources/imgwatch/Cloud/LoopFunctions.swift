/// Lambda functions as deploys: a function gets the image that was published last, by its digest.

import AWS
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Reporting

extension Loop {
    /// An edit does not end it: the engine lets it finish, and then takes the newest image.
    func update(_ function: CloudFunction, to shown: PublishedImage, _ run: ActiveRun) async {
        let session = session
        let result = await cancellable(run) { () async throws(ImageProblem) in
            let update = FunctionUpdate(function, shown, session)
            do throws(AWSError) { try await update.perform() } catch { throw ImageProblem(error) }
        }
        drain()
        guard !run.isCancelled else { return end(run, RunEnd(.cancelled, barrier: sequence)) }
        switch result {
        case .success: end(run, RunEnd(.succeeded, barrier: sequence))
        case .failure(.failed(let failure)): end(run, RunEnd(.failed(failure), barrier: sequence))
        case .failure: end(run, RunEnd(.cancelled, barrier: sequence))
        }
    }
}

/// One image on its way into one function.
struct FunctionUpdate: Sendable {
    private let function: CloudFunction
    private let shown: PublishedImage
    private let session: Session
    /// Milliseconds since 1970: who begins later has the newer image.
    private let generation = Int(Date().timeIntervalSince1970 * 1000)

    init(_ function: CloudFunction, _ shown: PublishedImage, _ session: Session) {
        (self.function, self.shown, self.session) = (function, shown, session)
    }

    /// On the function: the ``generation`` of whoever updates it, or did so last.
    static let generationTag = "imgwatch:generation"

    private static let attempts = 10
    private static let patience = Duration.seconds(300)

    func perform() async throws(AWSError) {
        try check()
        let functions = Functions(try await session.cloud.services.access().client())
        var current: Functions.Function
        if let known = try await functions.function(function.name) {
            current = try await update(known, functions)
        } else {
            current = try await create(functions)
        }
        guard current.image.map(isWanted) ?? true else {
            throw AWSError(
                "the function \(function.name) shows \(current.image ?? "") now, and not what it was given",
                remedy: "see who else updates it; `imgwatch retry` gives it this image again",
                isTransient: false
            )
        }
        guard function.publishes else { return }
        let version = try await functions.publish(function.name, revision: current.revision)
        if let alias = function.alias { try await functions.move(alias, of: function.name, to: version) }
    }

    // MARK: Before

    /// What Lambda would refuse is said before it is asked.
    ///
    /// Source: "Create a Lambda function using a container image", Lambda developer guide.
    private func check() throws(AWSError) {
        let manifest = shown.stored.manifest
        guard !MediaType.isIndex(manifest.mediaType) else {
            throw AWSError(
                "Lambda takes no image for several platforms, and \(shown.exactReference) is an index",
                remedy: "build it for one, and without attestations (BUILDX_NO_DEFAULT_ATTESTATIONS=1)"
            )
        }
        guard let image = try? session.store.layout.readImage(manifest) else { return }
        if let layer = image.manifest.layers.first(where: { $0.mediaType.contains("zstd") }) {
            throw AWSError(
                "Lambda takes no layers in zstd, and \(layer.digest) is one",
                remedy: "set `compression: gzip` for the image"
            )
        }
        let platform = session.store.platform(of: manifest)
        let architecture = platform.map { $0 == "linux/arm64" ? "arm64" : "x86_64" }
        if let platform, let architecture, architecture != function.architecture {
            throw AWSError(
                "the function \(function.name) is for \(function.architecture), and the image for \(platform)",
                remedy: "let `platforms` of the image and `architecture` of the function say the same"
            )
        }
    }

    private func isWanted(_ image: String) -> Bool { image.hasSuffix("@\(shown.stored.manifest.digest)") }

    // MARK: A new function

    private func create(_ functions: Functions) async throws(AWSError) -> Functions.Function {
        guard let role = function.role else {
            throw AWSError(
                "there is no function \(function.name), and no `role` to make it with",
                remedy: "write `role: arn:aws:iam::ACCOUNT:role/NAME` into `lambda`; `imgwatch aws deploy` makes one"
            )
        }
        var creation = Functions.Creation(
            name: function.name,
            image: shown.exactReference,
            role: role,
            architecture: function.architecture
        )
        creation.timeout = function.timeout.map { Int($0.components.seconds) }
        creation.memory = function.memory
        creation.environment = (function.environment ?? []).map { ($0.key, $0.value) }
        creation.tags = [Self.generationTag: "\(generation)"]
        _ = try await functions.create(creation)
        return try await atRest(functions)
    }

    // MARK: One that is there

    private func update(
        _ known: Functions.Function,
        _ functions: Functions
    ) async throws(AWSError) -> Functions.Function {
        try checkKind(known)
        var current = known
        for _ in 0..<Self.attempts {
            if !current.isAtRest { current = try await atRest(functions) }
            try checkGeneration(current)
            do throws(AWSError) {
                if !isTagged(current) { current = try await tagged(current, functions) }
                try checkGeneration(current)
                if try await configure(current, functions) { current = try await atRest(functions) }
                if let image = current.image, isWanted(image) { return current }
                _ = try await functions.update(
                    function.name,
                    image: shown.exactReference,
                    revision: current.revision
                )
                return try await atRest(functions)
            } catch {
                // Somebody else was faster, or is at it: what the function is then, decides.
                guard [412, 409].contains(error.status) else { throw error }
            }
            current = try await atRest(functions)
        }
        throw AWSError(
            "the function \(function.name) changes all the time",
            remedy: "see who else updates it; it is tried again by itself",
            isTransient: true
        )
    }

    private func checkKind(_ known: Functions.Function) throws(AWSError) {
        guard known.packageType == "Image" else {
            throw AWSError(
                "the function \(function.name) runs a zip file, and can't be changed to run an image",
                remedy: "choose another name for `function`, or delete it first"
            )
        }
        guard known.architecture == function.architecture else {
            throw AWSError(
                "the function \(function.name) is for \(known.architecture), "
                    + "and the image for \(function.architecture)",
                remedy: "set `platforms` of the image to what the function is made for"
            )
        }
    }

    /// What was begun earlier does not take the place of what was begun later.
    private func checkGeneration(_ current: Functions.Function) throws(AWSError) {
        guard let theirs = current.tags[Self.generationTag].flatMap({ Int($0) }), theirs > generation else { return }
        throw AWSError(
            "the function \(function.name) was given a newer image meanwhile",
            remedy: "nothing is to be done; `imgwatch retry` gives it this one all the same"
        )
    }

    private func isTagged(_ current: Functions.Function) -> Bool {
        current.tags[Self.generationTag] == "\(generation)"
    }

    /// The tag is there before the image: who began earlier, and comes later, sees it, or finds another revision.
    private func tagged(
        _ current: Functions.Function,
        _ functions: Functions
    ) async throws(AWSError) -> Functions.Function {
        do throws(AWSError) {
            try await functions.tag(current.arn, [Self.generationTag: "\(generation)"])
        } catch {
            guard error.status == 403 else { throw error }
            session.tellOnce("\(error.reason); without it, only RevisionId guards the function; \(error.remedy)")
            return current
        }
        return try await atRest(functions)
    }

    /// Whether its settings were others.
    private func configure(
        _ current: Functions.Function,
        _ functions: Functions
    ) async throws(AWSError) -> Bool {
        guard function.timeout != nil || function.memory != nil || function.environment != nil else { return false }
        let settings = try await functions.settings(function.name)
        let timeout = function.timeout.map { Int($0.components.seconds) }
        let environment = function.environment.map {
            Dictionary($0.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        }
        guard
            timeout ?? settings.timeout != settings.timeout || function.memory ?? settings.memory != settings.memory
                || environment ?? settings.environment != settings.environment
        else { return false }
        _ = try await functions.configure(
            function.name,
            timeout: timeout,
            memory: function.memory,
            environment: function.environment.map { $0.map { ($0.key, $0.value) } },
            revision: current.revision
        )
        return true
    }

    /// The function when nothing of it is being changed; throws what its last change failed at.
    private func atRest(_ functions: Functions) async throws(AWSError) -> Functions.Function {
        let end = ContinuousClock.now + Self.patience
        var pause = Duration.milliseconds(200)
        while true {
            guard let current = try await functions.function(function.name) else {
                throw AWSError("the function \(function.name) is gone", remedy: "`imgwatch retry` makes it again")
            }
            if current.isAtRest {
                guard current.state != "Failed", current.updateStatus != "Failed" else {
                    let reason = current.updateReason ?? current.stateReason ?? "Lambda does not say why"
                    throw AWSError(
                        "the function \(function.name) can't run \(shown.exactReference): \(reason)",
                        remedy: "mend the image, or the function's role, and `imgwatch retry`"
                    )
                }
                return current
            }
            guard ContinuousClock.now < end else {
                throw AWSError(
                    "the function \(function.name) is being updated for \(Self.patience.components.seconds) s",
                    remedy: "see its state in AWS; it is tried again by itself",
                    isTransient: true
                )
            }
            do { try await Task.sleep(for: pause) } catch { throw .notNeeded }
            pause = min(pause * 1.5, .seconds(1))
        }
    }
}
