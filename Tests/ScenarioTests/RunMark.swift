/// Which processes a run of the program has, or left behind.

import Foundation
import Testing

/// Marks all that a run of the program starts, by a variable in the environment that its steps inherit.
struct RunMark: Sendable {
    private static let name = "IMGWATCH_TEST_RUN"
    private let id = UUID().uuidString

    var environment: [String: String] { [Self.name: id] }

    /// The living processes that bear the mark, the program itself left out.
    func steps() -> [pid_t] {
        let mark = Data("\(Self.name)=\(id)".utf8)
        return Self.processes().filter { pid in
            // Not atomically, the kernel's files have no size; a zombie's is empty.
            guard let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ"),
                environment.range(of: mark) != nil,
                let command = FileManager.default.contents(atPath: "/proc/\(pid)/comm")
            else { return false }
            return command != Data("imgwatch\n".utf8)
        }
    }

    private static func processes() -> [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
    }

    /// The living members of a process group; one that ended and was not waited for is none.
    static func members(ofGroup group: String) -> [pid_t] {
        processes().filter { pid in
            // state, parent, group
            let fields = status(of: pid)
            return fields.count > 2 && fields[2] == group && fields[0] != "Z"
        }
    }

    /// One letter, `Z` for a process that nobody waited for yet; nil where there is none.
    static func state(of pid: pid_t) -> String? { status(of: pid).first }

    /// What follows `pid (command)` in the kernel's line.
    private static func status(of pid: pid_t) -> [String] {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return [] }
        let text = String(decoding: stat, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ").map(String.init)
    }
}

extension RunningLoop {
    /// Ends the program as a crash does; returns when its last thread is gone, and with it all that it held.
    func crash() async throws {
        let pid = process.processIdentifier
        kill(pid, SIGKILL)
        let deadline = Date(timeIntervalSinceNow: Self.patience)
        var info = siginfo_t()
        // Whether it is waited for elsewhere already does not matter.
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0, info._sifields._sigchld.si_pid == 0 {
            guard Date() < deadline else {
                throw Stuck(description: "killed, and still in state \(RunMark.state(of: pid) ?? "")")
            }
            await Pause.short()
        }
    }

    /// Waits until a step has told its process group.
    func group(of step: String, from mark: Int = 0) async throws -> String {
        let line = try await wait(from: mark, for: "the process group of \(step)") {
            $0.event == "log" && $0.node == step && $0.string("line").hasPrefix("group ")
        }
        return String(line.string("line").dropFirst("group ".count))
    }
}
