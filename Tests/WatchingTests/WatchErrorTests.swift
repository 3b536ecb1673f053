import Glibc
import Testing

@testable import Watching

@Suite struct WatchErrorTests {
    static let texts: [(WatchError, String, [String])] = [
        (
            .watchLimit(limit: 65_536, needed: 12_411),
            """
            watch limit reached: this user may hold 65536 inotify watches, and 12411 directories are to be watched here
            """,
            [
                "now:  sudo sysctl fs.inotify.max_user_watches=1048576",
                "keep: echo fs.inotify.max_user_watches=1048576 | sudo tee /etc/sysctl.d/60-inotify.conf",
            ]
        ),
        (
            .instanceLimit(limit: 128), "this user may hold 128 inotify instances, and all are in use",
            [
                "now:  sudo sysctl fs.inotify.max_user_instances=1024",
                "keep: echo fs.inotify.max_user_instances=1024 | sudo tee /etc/sysctl.d/60-inotify.conf",
            ]
        ),
        (.descriptorLimit(limit: 1024), "this process may open 1024 files, and all are open", ["ulimit -n 4096"]),
        (
            .system(operation: "watch", path: "/a", code: EIO), "watch /a: Input/output error",
            ["check the disk that holds /a"]
        ),
        (
            .system(operation: "open", path: "/a", code: EMFILE), "open /a: Too many open files",
            ["let this process open more files: ulimit -n 65536"]
        ),
    ]

    @Test(arguments: texts) func `an error has its reason and its remedy`(
        error: WatchError,
        reason: String,
        remedies: [String]
    ) {
        #expect(error.reason == reason)
        #expect(error.remedies == remedies)
    }

    @Test func `the suggested limit is above what there is and what is needed`() throws {
        let remedy = try #require(WatchError.watchLimit(limit: 1 << 20, needed: 3_000_000).remedies.first)
        #expect(remedy.hasSuffix("=6000000"))
    }

    @Test func `the limits are those of the kernel`() throws {
        guard case .watchLimit(let limit, 5) = WatchError.noWatches(needed: 5) else {
            Issue.record("another error")
            return
        }
        #expect(try #require(limit) > 0)
        #expect(WatchError.noInstance(code: ENOMEM) == .system(operation: "start inotify", path: nil, code: ENOMEM))
        guard case .instanceLimit(let instances) = WatchError.noInstance(code: EMFILE) else {
            Issue.record("descriptors are left, so it is the instances")
            return
        }
        #expect(try #require(instances) > 0)
    }

    @Test(arguments: [(ENOENT, nil), (ENOTDIR, nil), (EACCES, WatchTrouble.unreadable), (ENOSPC, .limit)])
    func `what went away is no trouble`(code: Int32, trouble: WatchTrouble?) {
        #expect(WatchTrouble(.system(operation: "watch", path: "/a", code: code)) == trouble)
    }
}
