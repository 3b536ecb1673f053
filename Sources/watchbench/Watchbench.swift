/// Times the barrier: from the return of a system call that changes a file to a batch that has the change.

import Glibc
import Watching

@main struct Watchbench {
    private static let usage = "usage: watchbench FOLDER COUNT   prints p50 and p99 of COUNT barriers, in microseconds"

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 2, let folder = words.first, let count = words.last.flatMap({ Int($0) }), count > 0 else {
            print(usage)
            exit(2)
        }
        do {
            let times = try barriers(in: folder, count)
            print(times[times.count / 2], times[times.count * 99 / 100])
        } catch {
            print(error)
            exit(1)
        }
    }

    /// Microseconds, the shortest first; each is a barrier that had the change made before it.
    private static func barriers(in folder: String, _ count: Int) throws -> [Int] {
        let watcher = try Watcher {}
        defer { watcher.close() }
        try watcher.watch(WatchScope(roots: [folder]))
        let path = folder + "/probe"
        var times: [Int] = []
        for _ in 0..<count {
            let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
            write(descriptor, path, 1)
            close(descriptor)
            let start = ContinuousClock.now
            let batch = watcher.drain()
            times.append(Int((ContinuousClock.now - start) / .microseconds(1)))
            guard batch.changes.contains(where: { $0.path == path }) else { throw Missed(path: path) }
        }
        unlink(path)
        return times.sorted()
    }

    private struct Missed: Error { var path: String }
}
