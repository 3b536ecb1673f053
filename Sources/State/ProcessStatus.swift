/// What the kernel says of processes, in `/proc/PID/stat` (proc(5)).

struct ProcessStatus: Hashable, Sendable {
    var pid: Int32
    /// One letter.
    var state: Character
    var group: Int32
    var session: Int32
    /// Clock ticks since the boot: with the pid it is the process's own, as long as the machine runs.
    var startTime: UInt64

    /// A zombie does nothing more; only its parent can take it away.
    var isRunning: Bool { state != "Z" && state != "X" }

    /// - Returns: nil where there is no such process.
    init?(of pid: Int32) {
        guard let text = KernelFiles.text("/proc/\(pid)/stat") else { return nil }
        self.init(parsing: text)
    }

    /// `PID (NAME) STATE PPID GROUP SESSION …`, where the name may hold anything, and field 22 is the start time.
    init?(parsing text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[close...].dropFirst().split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let pid = Int32(text[..<open].dropLast()),
            let group = Int32(fields[2]), let session = Int32(fields[3]), let startTime = UInt64(fields[19])
        else { return nil }
        (self.pid, self.state, self.group) = (pid, state, group)
        (self.session, self.startTime) = (session, startTime)
    }

    /// All processes that can be seen; one that starts meanwhile may be missing.
    static func all() -> [ProcessStatus] {
        KernelFiles.names(in: "/proc").compactMap { name in Int32(name).flatMap { ProcessStatus(of: $0) } }
    }
}
