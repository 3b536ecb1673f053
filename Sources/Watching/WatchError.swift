/// Why a directory, or anything at all, could not be watched.

import Glibc

package enum WatchError: Error, Hashable, Sendable {
    /// The user's inotify watches are used up: how many there may be (nil if the kernel does not say), and how many
    /// directories this scope has.
    case watchLimit(limit: Int?, needed: Int)
    /// The user's inotify instances are used up.
    case instanceLimit(limit: Int?)
    /// This process's file descriptors are used up.
    case descriptorLimit(limit: Int)
    /// A system call failed: what we wanted, where, and `errno`.
    case system(operation: String, path: String?, code: Int32)
    /// The watcher was closed before.
    case closed

    /// For a failed `inotify_init1`, whose EMFILE may mean either of two limits: one more descriptor tells which.
    static func noInstance(code: Int32) -> WatchError {
        guard code == EMFILE else { return .system(operation: "start inotify", path: nil, code: code) }
        let spare = open("/", O_RDONLY | O_CLOEXEC)
        guard spare < 0 else {
            close(spare)
            return .instanceLimit(limit: kernelLimit("instances"))
        }
        var limit = rlimit()
        getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        return .descriptorLimit(limit: Int(clamping: limit.rlim_cur))
    }

    static func noWatches(needed: Int) -> WatchError {
        .watchLimit(limit: kernelLimit("watches"), needed: needed)
    }

    /// The user's limit of `instances` or `watches`: in a user namespace the lower of its own and the system's.
    static func kernelLimit(_ kind: String) -> Int? { [system(kind), namespace(kind)].compactMap(setting).min() }

    /// The settings as sysctl(8) names them.
    private static func system(_ kind: String) -> String { "fs.inotify.max_user_\(kind)" }
    private static func namespace(_ kind: String) -> String { "user.max_inotify_\(kind)" }

    private static func setting(_ name: String) -> Int? {
        let path = String(name.map { $0 == "." ? "/" : $0 })
        guard let file = fopen("/proc/sys/\(path)", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        return Int(atol(line))
    }

    /// One line, without a full stop.
    package var reason: String {
        switch self {
        case .watchLimit(let limit, let needed):
            "watch limit reached: this user may hold \(limit.map(String.init) ?? "no more") inotify watches, "
                + "and \(needed) directories are to be watched here"
        case .instanceLimit(let limit):
            "this user may hold \(limit.map(String.init) ?? "no more") inotify instances, and all are in use"
        case .descriptorLimit(let limit): "this process may open \(limit) files, and all are open"
        case .system(let operation, let path, let code):
            "\(operation)\(path.map { " " + $0 } ?? ""): \(String(cString: strerror(code)))"
        case .closed: "the watcher is closed"
        }
    }

    /// What the user can do about it; one line each, without a full stop.
    package var remedies: [String] {
        switch self {
        case .watchLimit(let limit, let needed):
            // Of the memory, 1 % is the kernel's own default since 5.11; a watch in use costs about 1.2 kB.
            Self.sysctl("watches", max(1 << 20, 2 * max(limit ?? 0, needed)))
        case .instanceLimit(let limit): Self.sysctl("instances", max(1024, 2 * (limit ?? 0)))
        case .descriptorLimit(let limit): ["ulimit -n \(max(4096, 2 * limit))"]
        case .system(_, _, EMFILE), .system(_, _, ENFILE): ["let this process open more files: ulimit -n 65536"]
        case .system(_, let path?, EACCES), .system(_, let path?, EPERM): ["give this user the right to read \(path)"]
        case .system(_, let path?, _): ["check the disk that holds \(path)"]
        case .system: ["check the memory that is left"]
        case .closed: []
        }
    }

    private static func sysctl(_ kind: String, _ value: Int) -> [String] {
        let (own, all) = (setting(namespace(kind)) ?? .max, setting(system(kind)) ?? .max)
        return raising(own < all ? namespace(kind) : system(kind), to: value)
    }

    /// The lines that raise a setting of the kernel, now and from the next start on.
    package static func raising(_ name: String, to value: Int) -> [String] {
        let setting = "\(name)=\(value)"
        return ["now:  sudo sysctl \(setting)", "keep: echo \(setting) | sudo tee /etc/sysctl.d/60-inotify.conf"]
    }
}
