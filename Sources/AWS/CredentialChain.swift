/// The credentials of this process: found once, kept, and renewed before they end; all who ask share one search.

internal import HTTP
internal import Synchronization

package actor CredentialChain: AWSCredentialSource {
    private let settings: AWSSettings
    private let parts: AWSParts
    private var known: Known?
    /// Who waits for the search that is under way; nil where there is none.
    private var waiters: [Waiter]?

    private struct Known {
        var credentials: AWSCredentials
        /// How long they lasted when they were found, in seconds; nil for those that do not end.
        var lifetime: Int?
        /// Until then nothing is tried to renew what still lasts.
        var quietUntil = 0

        /// Those that are given for a short time only are renewed in the second half of it.
        func mustBeRenewed(_ now: Int) -> Bool { ends(within: AWSLimits.mandatoryRefresh, now, share: 4) }
        func mayBeRenewed(_ now: Int) -> Bool {
            now >= quietUntil && ends(within: AWSLimits.advisoryRefresh, now, share: 2)
        }

        private func ends(within seconds: Int, _ now: Int, share: Int) -> Bool {
            guard let end = credentials.expiration, let lifetime else { return false }
            return end - now < min(seconds, lifetime / share)
        }
    }

    /// How many wait for the search of another.
    var waiting: Int { waiters?.count ?? 0 }

    package init(_ settings: AWSSettings, _ parts: AWSParts) { (self.settings, self.parts) = (settings, parts) }

    /// What is known as long as it lasts; in its last quarter of an hour it is used still where no other is found.
    package func credentials(insteadOf refused: AWSCredentials? = nil) async throws(AWSError) -> AWSCredentials {
        while true {
            let usable = known.flatMap { known in
                known.credentials == refused || known.mustBeRenewed(parts.now()) ? nil : known
            }
            if let usable, waiters != nil || !usable.mayBeRenewed(parts.now()) { return usable.credentials }
            guard waiters != nil else { return try await search(orUse: usable?.credentials) }
            let waiter = Waiter()
            waiters?.append(waiter)
            if let result = await waiter.result() { return try result.get() }
            if Task.isCancelled { throw .notNeeded }
        }
    }

    /// Its failure is everybody's who waits, unless it was only cancelled.
    private func search(orUse old: AWSCredentials?) async throws(AWSError) -> AWSCredentials {
        waiters = []
        var result: Result<AWSCredentials, AWSError>
        do throws(AWSError) { result = .success(try await found()) } catch { result = .failure(error) }
        let now = parts.now()
        switch result {
        case .success(let new): known = Known(credentials: new, lifetime: new.expiration.map { $0 - now })
        case .failure(let error):
            if let old, !error.isCancelled {
                known?.quietUntil = now + AWSLimits.refreshPause
                result = .success(old)
            }
        }
        let all = waiters ?? []
        waiters = nil
        var shared = Optional(result)
        if case .failure(let error) = result, error.isCancelled { shared = nil }
        for waiter in all { waiter.resume(shared) }
        return try result.get()
    }

    /// The files are read anew each time: somebody may just have logged in.
    private func found() async throws(AWSError) -> AWSCredentials {
        let profiles = try AWSProfiles.load(parts.environment)
        let new = try await CredentialFinder(settings: settings, parts: parts, profiles: profiles).find()
        for secret in new.secrets { parts.secrets.add(secret) }
        if let end = new.expiration, end <= parts.now() {
            throw AWSError(
                "the credentials of \(new.provider) have expired (\(AWSMoment.text(end)))",
                remedy: "renew them where they come from, and look at this machine's clock"
            )
        }
        return new
    }
}

/// Is resumed once: by the end of the search, or by the cancellation of who waits.
private final class Waiter: Sendable {
    typealias Outcome = Result<AWSCredentials, AWSError>?

    private enum State {
        case new
        case waiting(CheckedContinuation<Outcome, Never>)
        case done(Outcome)
    }

    private let state = Mutex(State.new)

    /// nil: look again.
    func result() async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome: Outcome? = state.withLock { state in
                    if case .done(let outcome) = state { return .some(outcome) }
                    state = .waiting(continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            resume(nil)
        }
    }

    func resume(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            defer { state = .done(outcome) }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        continuation?.resume(returning: outcome)
    }
}
