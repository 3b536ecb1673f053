/// Why a request got no answer.

package struct HTTPError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The host has no address, or nobody listens there.
        case unreachable
        /// The other side is not who it should be, or speaks no TLS.
        case untrusted
        case timedOut
        /// The connection ended before the answer did.
        case cut
        /// The answer is longer than it may be.
        case tooLong
        /// Who took the body did not want more of it.
        case refused
        /// The address is one that we do not go to.
        case forbidden
        /// The server answered that it can't do it now.
        case busy
        /// The server does not believe who we are, or does not let us.
        case denied
        case cancelled
        case other
    }
    package var kind: Kind
    /// Without its parameters.
    package var address: String
    /// One sentence, without a full stop.
    package var reason: String
    /// What can be done, where that is more than the kind says.
    package var remedy: String?
    /// How long the server wants to be left alone.
    package var retryAfter: Duration?

    package init(_ kind: Kind, _ address: WebAddress, _ reason: String, remedy: String? = nil) {
        (self.kind, self.address, self.reason, self.remedy) = (kind, address.shown, reason, remedy)
    }

    package static func notNeeded(_ address: WebAddress) -> HTTPError {
        HTTPError(.cancelled, address, "it is not needed any more")
    }

    /// Whether the same request may go well later.
    package var isTransient: Bool { [.unreachable, .timedOut, .cut, .busy].contains(kind) }
}
