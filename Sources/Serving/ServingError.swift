/// Why the embedded registry or the control socket could not be served or reached, or no longer is.

package enum ServingError: Error, Equatable, Sendable {
    /// Another program listens on the port.
    case portInUse(UInt16)
    /// The system refuses the port for another reason.
    case cannotListen(port: UInt16, reason: String)
    /// It served, and then no more connection could be taken.
    case interrupted(reason: String)
    /// It was stopped before it listened.
    case stopped
    /// Nobody listens on the control socket: there is none, or who made it is gone.
    case noControl
    /// The control socket can't be made or used.
    case control(path: String, reason: String)

    /// One line, without a full stop.
    package var reason: String {
        switch self {
        case .portInUse(let port): "another program listens on 127.0.0.1:\(port)"
        case .cannotListen(let port, let reason): "can't listen on 127.0.0.1:\(port): \(reason)"
        case .interrupted(let reason): "the embedded registry ended: \(reason)"
        case .stopped: "the embedded registry was stopped before it listened"
        case .noControl: "nobody listens on the control socket"
        case .control(let path, let reason): "the control socket \(path) can't be used: \(reason)"
        }
    }
}
