/// One inotify instance: watches by path, events as bytes.

import Glibc

struct Inotify: ~Copyable {
    /// What a directory tells of its entries' coming and going, and of itself.
    ///
    /// Never OPEN or ACCESS: our own walks would fill the queue. ADD, since one directory may be watched for two
    /// reasons, and the wider one holds.
    static let entryMask = UInt32(
        bitPattern: IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD
    )
    /// And of what is written to its files.
    ///
    /// A write through a shared map shows only as CLOSE_WRITE, at `munmap`.
    static let contentMask = entryMask | UInt32(bitPattern: IN_MODIFY | IN_CLOSE_WRITE)

    /// To be polled.
    let descriptor: Int32

    /// Throws ``WatchError/instanceLimit(limit:)``, ``WatchError/descriptorLimit(limit:)`` or
    /// ``WatchError/system(operation:path:code:)``.
    init() throws(WatchError) {
        let opened = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard opened >= 0 else { throw .noInstance(code: errno) }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// The watch of the directory at `path`, the one that it has already if it has one.
    ///
    /// Throws ``WatchError/system(operation:path:code:)``: ENOTDIR for what is no directory, ENOSPC at the limit.
    func add(_ path: RawPath, mask: UInt32, followsLink: Bool) throws(WatchError) -> Int32 {
        let mask = followsLink ? mask : mask | UInt32(bitPattern: IN_DONT_FOLLOW)
        let watch = path.withCString { inotify_add_watch(descriptor, $0, mask) }
        guard watch >= 0 else { throw .system(operation: "watch", path: path.text, code: errno) }
        return watch
    }

    /// A watch that the kernel has taken away already is no error.
    func remove(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

    /// Whether no event is queued.
    var isEmpty: Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) == 0
    }

    /// How many bytes of whole events were read; 0 where none are queued.
    ///
    /// The buffer takes at least one event.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { return 0 }
        }
    }
}
