/// Gives a Lambda function an image, and never an older one in the place of a newer one.

import AWS
import Dockerfile
import Foundation
import OCI
import Project
import Reporting

/// One image on its way into one function.
///
/// Who updates a function first claims it by a tag whose name holds its generation: when its image was begun. A claim
/// is taken away only by a later generation. Then the function is read, its tags and its revision at once, and given
/// the image only as that revision, and only where no claim is later. So what was begun earlier never takes the place
/// of what was begun later: either it reads the later claim, or the later update is still to come, or it has changed
/// the revision in between.
struct FunctionUpdate: Sendable {
    private let function: CloudFunction
    private let shown: PublishedImage
    private let session: Session
    /// Milliseconds since 1970.
    private let began: Int

    init(_ function: CloudFunction, _ shown: PublishedImage, _ session: Session, began: Int? = nil) {
        (self.function, self.shown, self.session) = (function, shown, session)
        self.began = began ?? Int(Timestamp.now().milliseconds)
    }

    private static let attempts = 10
    private static let patience = Duration.seconds(300)

    func perform() async throws(AWSError) {
        try check()
        // Orders that were given before this, and failed, are not given again as they were: they would be older.
        session.cloud.records.endAttempt()
        let client = try await session.cloud.services.access().client()
        let (functions, generation) = (Functions(client), began + client.skew * 1000)
        let current = try await current(functions, generation)
        guard current.image.map(isWanted) ?? true else { throw changed(current) }
        if function.publishes { try await publish(current, functions, generation) }
    }

    private func current(_ functions: Functions, _ generation: Int) async throws(AWSError) -> Functions.Function {
        if let known = try await functions.function(function.name) {
            return try await update(known, functions, generation)
        }
        do throws(AWSError) {
            return try await create(functions, generation)
        } catch {
            // Somebody else has made it meanwhile.
            guard error.status == 409, let known = try await functions.function(function.name) else { throw error }
            return try await update(known, functions, generation)
        }
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
        let architecture = platform.map(CloudFunction.architecture(of:))
        if let platform, let architecture, architecture != function.architecture {
            throw AWSError(
                "the function \(function.name) is for \(function.architecture), and the image for \(platform)",
                remedy: "let `platforms` of the image and `architecture` of the function say the same"
            )
        }
    }

    private func isWanted(_ image: String) -> Bool { image.hasSuffix("@\(shown.stored.manifest.digest)") }

    // MARK: Claims

    /// What was begun earlier does not take the place of what was begun later.
    private func checkClaims(_ current: Functions.Function, _ generation: Int) throws(AWSError) {
        guard current.claims.contains(where: { $0 > generation }) else {
            if !current.claims.contains(generation) {
                session.tellOnce("the tags of \(function.name) can't be read: permit lambda:ListTags and TagResource")
            }
            return
        }
        throw AWSError(
            "the function \(function.name) was given a newer image meanwhile",
            remedy: "nothing is to be done; `imgwatch retry` after an edit gives it this project's newest again"
        )
    }

    /// - Returns: Whether the function must be read again, for a claim counts only where it was read afterwards.
    private func claim(
        _ current: Functions.Function,
        _ functions: Functions,
        _ generation: Int
    ) async throws(AWSError) -> Bool {
        guard !current.claims.contains(generation) else { return false }
        do throws(AWSError) {
            try await functions.tag(current.arn, [Claim.name(generation): ""])
            return true
        } catch {
            // A function takes fifty tags.
            if error.status == 400, await tidy(current, functions, generation) { return true }
            guard error.status == 403 else { throw error }
            session.tellOnce("\(error.reason); without it, only RevisionId guards the function; \(error.remedy)")
            return false
        }
    }

    /// Claims of earlier generations mean nothing any more; a function takes fifty tags.
    ///
    /// - Returns: Whether anything was taken away.
    @discardableResult
    private func tidy(_ current: Functions.Function, _ functions: Functions, _ generation: Int) async -> Bool {
        let old =
            current.claims.filter { $0 < generation }.map(Claim.name)
            + current.begun.filter { $0 < generation }.map(Claim.begun)
        guard !old.isEmpty else { return false }
        do throws(AWSError) {
            try await functions.untag(current.arn, old)
            return true
        } catch {
            session.tellOnce(
                "\(error.reason); earlier claims stay as tags, of which Lambda takes fifty; \(error.remedy)"
            )
            return false
        }
    }

    // MARK: A new function

    private func create(_ functions: Functions, _ generation: Int) async throws(AWSError) -> Functions.Function {
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
        creation.settings = function.settings
        creation.tags = [Claim.name(generation): ""]
        let end = ContinuousClock.now + Self.rolePatience
        while true {
            do throws(AWSError) {
                _ = try await functions.create(creation)
                return try await atRest(functions)
            } catch {
                // A role that was just made is not known everywhere yet.
                guard error.reason.contains("cannot be assumed by Lambda"), ContinuousClock.now < end else {
                    throw error
                }
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { throw .notNeeded }
        }
    }

    private static let rolePatience = Duration.seconds(30)

    // MARK: One that is there

    private func update(
        _ known: Functions.Function,
        _ functions: Functions,
        _ generation: Int
    ) async throws(AWSError) -> Functions.Function {
        try checkKind(known)
        for _ in 0..<Self.attempts {
            // What it failed at before is no reason: this image may mend it.
            var current = try await atRest(functions, judging: false)
            do throws(AWSError) {
                if try await claim(current, functions, generation) {
                    current = try await atRest(functions, judging: false)
                }
                try checkClaims(current, generation)
                if try await function.differs(functions) {
                    _ = try await functions.configure(
                        function.name,
                        function.settings,
                        revision: current.revision
                    )
                    current = try await atRest(functions, judging: false)
                    try checkClaims(current, generation)
                }
                // Also where it shows the image: an earlier updater may hold the revision of now.
                _ = try await functions.update(
                    function.name,
                    image: shown.exactReference,
                    revision: current.revision
                )
                await tidy(current, functions, generation)
                return try await atRest(functions)
            } catch {
                // Somebody else was faster, or is at it: what the function is then, decides.
                guard [412, 409].contains(error.status) else { throw error }
            }
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw .notNeeded }
        }
        throw isRestless
    }

    private var isRestless: AWSError {
        AWSError(
            "the function \(function.name) changes all the time",
            remedy: "see who else updates it; it is tried again by itself",
            isTransient: true
        )
    }

    private func changed(_ current: Functions.Function) -> AWSError {
        AWSError(
            "the function \(function.name) shows \(current.image ?? "") now, and not what it was given",
            remedy: "see who else updates it; `imgwatch retry` gives it this image again"
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
                "the function \(function.name) is for \(known.architecture), the image for \(function.architecture)",
                remedy: "set `platforms` of the image to what the function is made for"
            )
        }
    }

    // MARK: Versions

    /// The alias moves only as it was when no later claim was there.
    private func publish(
        _ current: Functions.Function,
        _ functions: Functions,
        _ generation: Int
    ) async throws(AWSError) {
        var current = current
        for _ in 0..<Self.attempts {
            // Whatever somebody else has put there meanwhile is not published as this image.
            guard current.image.map(isWanted) ?? true else { throw changed(current) }
            do throws(AWSError) {
                let version = try await functions.publish(function.name, revision: current.revision)
                guard let alias = function.alias else { return }
                let before = try await functions.alias(alias, of: function.name)
                current = try await atRest(functions, judging: false)
                try checkClaims(current, generation)
                if before?.version == version { return }
                return try await functions.move(alias, of: function.name, to: version, revision: before?.revision)
            } catch {
                guard [412, 409].contains(error.status) else { throw error }
            }
            current = try await atRest(functions)
            try checkClaims(current, generation)
        }
        throw isRestless
    }

    // MARK: Waiting

    /// The function when nothing of it is being changed.
    ///
    /// Throws what its last change failed at, where that is to be judged.
    private func atRest(_ functions: Functions, judging: Bool = true) async throws(AWSError) -> Functions.Function {
        let end = ContinuousClock.now + Self.patience
        var pause = Duration.milliseconds(200)
        while true {
            guard let current = try await functions.function(function.name) else {
                throw AWSError("the function \(function.name) is gone", remedy: "`imgwatch retry` makes it again")
            }
            if current.isAtRest {
                if judging { try judge(current) }
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

    private func judge(_ current: Functions.Function) throws(AWSError) {
        guard current.state == "Failed" || current.updateStatus == "Failed" else { return }
        let reason = current.updateReason ?? current.stateReason ?? "Lambda does not say why"
        throw AWSError(
            "the function \(function.name) can't run \(shown.exactReference): \(reason)",
            remedy: reason.contains("ImageAccessDenied")
                ? "let the repository's policy allow Lambda to pull, as `imgwatch aws template` shows"
                : "mend the image, or the function's role, and `imgwatch retry`"
        )
    }
}
