/// What the kernel lets this user watch, who has it already, and what the project needs.

import Foundation
import Glibc
import Inputs
import Project
import Reporting
import State
import Watching

struct WatchDoctor {
    let patient: Patient
    /// nil without a project, and where its folders could not be counted in time.
    let count: FolderCount?

    func lines() -> [Patient.Line] {
        let usage = WatchUsage.now
        var lines = [watches(usage)]
        if patient.project != nil, count?.isComplete != true {
            lines.append(Patient.Line(.note, "the project has more folders than could be counted"))
        }
        lines.append(instances(usage))
        if let events = Self.number("/proc/sys/fs/inotify/max_queued_events") {
            lines.append(
                events < 4096
                    ? Patient.Line(
                        .note,
                        "the kernel queues only \(events) events; when more come at once all is read anew",
                        remedies: WatchError.raising("fs.inotify.max_queued_events", to: 16384)
                    ) : Patient.Line(.ok, "the kernel queues \(events) events")
            )
        }
        var limit = rlimit()
        getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        lines.append(
            limit.rlim_cur < 1024
                ? Patient.Line(
                    .problem,
                    "a process may open only \(limit.rlim_cur) files",
                    remedies: ["ulimit -n 4096"]
                )
                : Patient.Line(.ok, "a process may open \(limit.rlim_cur) files")
        )
        return lines
    }

    private func watches(_ usage: WatchUsage) -> Patient.Line {
        guard let limit = usage.limit else {
            return Patient.Line(.note, "the kernel does not say how many watches a user may hold")
        }
        let biggest = usage.consumers.prefix(3).filter { $0.count > 0 }
        let who = biggest.map { "\($0.name) (\($0.process)) \($0.count)" }.joined(separator: ", ")
        let needed = count?.folders ?? 0
        let own = needed > 0 ? "; this project needs \(needed)" : ""
        let text = "\(usage.used) of \(limit) watches are in use\(who.isEmpty ? "" : ": \(who)")\(own)"
        // What a loop holds that works on this project already is what the project needs.
        let running = patient.folders.flatMap { try? ProjectLock.holder($0) }
        let others = usage.consumers.filter { $0.process != running }.reduce(0) { $0 + $1.count }
        guard others + needed > limit else { return Patient.Line(.ok, text) }
        let problem = WatchError.watchLimit(limit: limit, needed: others + needed)
        return Patient.Line(.problem, text, remedies: problem.remedies)
    }

    private func instances(_ usage: WatchUsage) -> Patient.Line {
        guard let limit = usage.instanceLimit else {
            return Patient.Line(.note, "the kernel does not say how many inotify instances a user may hold")
        }
        let used = usage.consumers.reduce(0) { $0 + $1.instances }
        let text = "\(used) of \(limit) inotify instances are in use"
        return used < limit
            ? Patient.Line(.ok, text)
            : Patient.Line(.problem, text, remedies: WatchError.instanceLimit(limit: limit).remedies)
    }

    // MARK: The kernel's files

    private static func number(_ path: String) -> Int? { KernelFiles.line(path).flatMap { Int($0) } }
}

/// The folders of a project that the loop watches, and what is odd about the inputs in them.
struct FolderCount: Sendable {
    private(set) var folders = 0
    private(set) var isComplete = true
    /// Inputs that the group may write to, and one of them.
    private(set) var groupWritable: (count: Int, example: String) = (0, "")

    /// As many as are looked at.
    private static let limit = 100_000

    static func inputs(of project: Project) -> FolderCount {
        let nodes = ProjectNodes(project, graph: project.graph)
        var count = FolderCount()
        var open = [""]
        while let folder = open.popLast() {
            guard nodes.mayHoldInputs(folder) else { continue }
            count.folders += 1
            guard count.folders < limit else {
                count.isComplete = false
                break
            }
            let path = folder.isEmpty ? project.root : project.root + "/" + folder
            for name in KernelFiles.names(in: path) where name != "." && name != ".." {
                let place = folder.isEmpty ? name : folder + "/" + name
                guard let stat = FileStat(of: path + "/" + name) else { continue }
                if stat.isDirectory { open.append(place) } else if stat.isFile { count.look(place, stat, nodes) }
            }
        }
        return count
    }

    private mutating func look(_ path: String, _ stat: FileStat, _ nodes: ProjectNodes) {
        guard stat.permissions & 0o020 != 0, nodes.entries.contains(where: { $0.scope.reads(path) }) else { return }
        groupWritable = (groupWritable.count + 1, groupWritable.count == 0 ? path : groupWritable.example)
    }
}
