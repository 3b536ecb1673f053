import Testing
import Watching

@testable import imgwatch

@Suite struct FileDoctorTests {
    static let mounts = [
        "21 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw", "30 21 0:4 / /proc rw - proc proc rw",
        #"40 21 0:50 / /home/me/my\040files rw master:2 - fuse.sshfs host: rw"#,
        "41 21 0:51 / /home rw - overlay overlay rw", "42 21 0:52 / /home rw - nfs4 server:/home rw", "broken",
    ].compactMap { Mount(parsing: $0[...]) }

    @Test(arguments: [
        ("/etc", "ext4"), ("/", "ext4"), ("/home", "nfs4"), ("/home/you", "nfs4"), ("/homes", "ext4"),
        ("/home/me/my files/x", "fuse.sshfs"), ("/proc/1", "proc"),
    ])
    func `the innermost mount holds a path, the last one of those at the same place`(path: String, kind: String) {
        #expect(Self.mounts.count == 5)
        #expect(Mount.holding(path, among: Self.mounts)?.kind.name == kind)
    }

    @Test(arguments: [
        ("ext4", false), ("overlay", false), ("tmpfs", false), ("nfs4", true), ("9p", true), ("fuse.sshfs", true),
        ("fuseblk", false), ("virtiofs", true),
    ])
    func `file systems of other machines don't tell of changes`(kind: String, isSilent: Bool) {
        #expect((FileSystemKind(kind).silence != nil) == isSilent)
    }

    @Test func `room is short in bytes or in inodes, where these are counted`() {
        #expect(!Room(bytes: 2_000_000_000, files: nil).isShort && !Room(bytes: 2_000_000_000, files: 50_000).isShort)
        #expect(Room(bytes: 900_000_000, files: nil).isShort && Room(bytes: 2_000_000_000, files: 12).isShort)
        #expect(Room(bytes: 2_000_000_000, files: 12).text == "2.0 GB free, 12 inodes")
    }

    @Test func `a path that is not there yet stands for the folder above it`() throws {
        let folder = try TemporaryFolder(["a/": ""])
        #expect(FileDoctor.existing(folder.path("a/b/c")) == folder.path("a"))
        #expect(FileDoctor.existing("/nowhere/at/all") == "/")
    }
}
