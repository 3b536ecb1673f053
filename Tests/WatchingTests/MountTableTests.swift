import Foundation
import Glibc
import Testing

@testable import Watching

/// Mounts at, above and below what is watched.
@Suite struct MountTableTests {
    // MARK: The list

    private static let list = #"""
        20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        21 20 0:5 / /proc rw - proc proc rw
        30 20 0:40 / /home rw shared:2 master:3 - nfs4 server:/home rw
        31 30 0:41 / /home/me/a\040b rw - fuse.sshfs host: rw
        32 30 0:42 / /home/me/a\040b rw - tmpfs none rw
        33 20 0:43 / /srv rw - fuseblk /dev/sdb1 rw
        34 20 0:44 / /srv/share rw - fuse.sshfs host: rw
        broken
        """#

    private func table(_ roots: [String: String], _ list: String = Self.list) -> MountTable {
        let pairs = roots.map { (RawPath($0.key.utf8), RawPath($0.value.utf8)) }
        return MountTable(mountinfo: list, roots: Dictionary(uniqueKeysWithValues: pairs))
    }

    @Test func `a root has the mount that it lies on, and those below it`() {
        let mounts = table(["/home/me": "/home/me", "/usr": "/usr"]).mounts
        #expect(mounts.mapValues { $0.id } == [path("/home/me"): 30, path("/home/me/a b"): 32, path("/usr"): 20])
    }

    @Test func `a root that is a link has the mounts of its target, under its own name`() {
        #expect(table(["/link": "/srv"]).mounts.mapValues { $0.id } == [path("/link"): 33, path("/link/share"): 34])
    }

    @Test(arguments: [
        ("nfs4", true), ("9p", true), ("fuse.sshfs", true), ("fuse", true), ("virtiofs", true), ("proc", true),
        ("ext4", false), ("btrfs", false), ("overlay", false), ("tmpfs", false), ("fuseblk", false),
        ("fuse.fuse-overlayfs", false),
    ]) func `what others change unseen is silent`(kind: (String, Bool)) {
        #expect(FileSystemKind(kind.0).isSilent == kind.1)
    }

    @Test func `only mounts that concern the roots make a difference`() {
        let roots = ["/srv": "/srv"]
        let more = Self.list + "\n40 20 0:50 / /mnt rw - tmpfs none rw"
        #expect(table(roots, more).differences(from: table(roots)) == [])
        let below = Self.list + "\n40 20 0:50 / /srv/x/y rw - tmpfs none rw"
        #expect(table(roots, below).differences(from: table(roots)) == [path("/srv/x/y")])
        #expect(table(roots).differences(from: table(roots, below)) == [path("/srv/x/y")])
        let replaced = Self.list.replacing("0:44 / /srv/share", with: "0:44 /sub /srv/share")
        #expect(table(roots, replaced).differences(from: table(roots)) == [path("/srv/share")])
        let over = Self.list + "\n40 33 0:50 / /srv rw - tmpfs none rw"
        #expect(table(roots, over).differences(from: table(roots)) == [path("/srv")])
    }

    private func path(_ text: String) -> RawPath { RawPath(text.utf8) }

    // MARK: The kernel

    /// Whether this process may mount.
    static let mayMount: Bool = {
        guard geteuid() == 0, let site = try? Site(), (try? site.run("mkdir m; mount -t tmpfs none m")) != nil else {
            return false
        }
        return (try? site.run("umount m")) != nil
    }()

    struct Mounting: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var script: String
        /// Where something is mounted.
        var point: String
        /// What is seen of it, apart from the content.
        var changed: String
    }

    static let mountings = [
        Mounting(
            testDescription: "at a directory",
            script: "mount -t tmpfs none p/tree/a",
            point: "p/tree/a",
            changed: "p/tree/a"
        ),
        Mounting(
            testDescription: "of a directory elsewhere",
            script: "mount --bind other p/tree/a",
            point: "p/tree/a",
            changed: "p/tree/a"
        ),
        Mounting(
            testDescription: "at the root",
            script: "mount -t tmpfs none p/tree",
            point: "p/tree",
            changed: "p/tree"
        ),
        Mounting(testDescription: "above the root", script: "mount --bind copy p", point: "p", changed: "p/tree"),
    ]

    @Test(.enabled(if: mayMount, "mounting is not permitted"), arguments: mountings, [true, false])
    func `a mount over a watched directory is seen, and what is below it, and its end`(
        mounting: Mounting,
        readsEagerly: Bool
    ) throws {
        let site = try Site(readsEagerly: readsEagerly)
        try site.run("mkdir -p p/tree/a/b other/b copy/tree/a/b; echo x > p/tree/a/x; echo o > other/o")
        try site.watch(["p/tree"])
        let count = site.watcher.watchCount
        var mirror = Mirror(of: site.path("p/tree"))
        for script in [mounting.script, "umount " + mounting.point] {
            try site.run(script)
            let batch = site.watcher.drain()
            #expect(!batch.mustRescan)
            #expect(site.describe(batch, whole: "/**").contains(mounting.changed + "/**"))
            mirror.apply(batch)
            #expect(mirror.differences(from: Mirror(of: site.path("p/tree"))) == [])
            try site.run("mkdir -p p/tree/a/b; echo new >> p/tree/a/b/new")
            mirror.apply(site.watcher.drain())
            #expect(mirror.differences(from: Mirror(of: site.path("p/tree"))) == [])
        }
        #expect(site.watcher.watchCount == count)
    }

    @Test(.enabled(if: mayMount, "mounting is not permitted")) func `a mount wakes who drains`() async throws {
        let (activity, continuation) = AsyncStream.makeStream(of: Void.self)
        let site = try Site { continuation.yield() }
        try site.run("mkdir -p tree/a")
        try site.watch(["tree/a"])
        try site.run("mount --bind /proc tree/a")
        var wakes = activity.makeAsyncIterator()
        var changes: [String] = []
        while !changes.contains("tree/a/**") {
            await wakes.next()
            changes += site.drainWholes()
        }
        try site.run("umount tree/a")
    }
}
