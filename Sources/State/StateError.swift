/// Why what outlives the process could not be read or written, in words for the user.

package enum StateError: Error, Equatable, Sendable {
    /// Another imgwatch works on the project; 0 where that one has not said yet who it is.
    case held(Int32)
    case folder(path: String, reason: String)
    case database(path: String, reason: String)
    case processGone(Int32)
    /// The table of the projects' ports is not one.
    case portTable(path: String, reason: String)
    case noFreePort(ClosedRange<UInt16>, table: String)
    /// The project's port is another program's: which one, as far as it can be seen.
    case portTaken(UInt16, by: String?, table: String)

    package var reason: String {
        switch self {
        case .held(let pid): "imgwatch already works on this project" + (pid > 0 ? ", as process \(pid)" : "")
        case .folder(let path, let reason): "\(path) can't be used: \(reason)"
        case .database(let path, let reason): "the remembered state in \(path) can't be used: \(reason)"
        case .processGone(let pid): "process \(pid) ended before it was on record"
        case .portTable(let path, let reason): "the table of ports \(path) can't be used: \(reason)"
        case .noFreePort(let ports, let table):
            "each port from \(ports.lowerBound) to \(ports.upperBound) belongs to a project or a program (\(table))"
        case .portTaken(let port, let program, _):
            "port \(port), where this project serves its images, is used by \(program ?? "another program")"
        }
    }

    package var remedy: String {
        switch self {
        case .held(let pid): "end it" + (pid > 0 ? " with `kill -INT \(pid)`" : "")
        case .folder(let path, _): "make \(path) a folder that you can write to"
        case .database(let path, _):
            "make room and give yourself access, or delete \(path): it holds only what can be found again"
        case .processGone: "start it again"
        case .portTable(let path, _):
            "mend \(path), or delete it: the projects may get other ports then, and their images other names"
        case .noFreePort(_, let table): "delete the lines of projects that are gone from \(table)"
        case .portTaken(let port, _, let table):
            "end that program: \(port) is part of the images' names, so imgwatch takes no other port by itself; "
                + "without this project's line in \(table) it does, and the images get other names"
        }
    }
}

extension StateError: CustomStringConvertible {
    package var description: String { "\(reason); \(remedy)" }
}
