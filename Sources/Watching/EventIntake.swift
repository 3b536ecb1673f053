/// Takes the kernel's events as soon as they come: its queue is short, and a checkout of 5,000 files overflows it.

import Glibc
import Synchronization

/// The inotify instance, the bytes read from it, and the thread that reads ahead.
final class EventIntake: Sendable {
    struct Taken {
        var bytes: [UInt8] = []
        var isOverflowed = false
    }

    private struct Pending {
        var taken = Taken()
        /// Whether ``EventIntake/onActivity`` was called since the last ``EventIntake/take()``.
        var isSignalled = false

        var isEmpty: Bool { taken.bytes.isEmpty && !taken.isOverflowed }

        mutating func fill(from inotify: borrowing Inotify) {
            withUnsafeTemporaryAllocation(byteCount: readSize, alignment: 8) { buffer in
                var count = inotify.read(into: buffer)
                while count > 0 {
                    if taken.bytes.count + count > byteLimit { taken = Taken(isOverflowed: true) }
                    if !taken.isOverflowed { taken.bytes += buffer[..<count] }
                    count = inotify.read(into: buffer)
                }
            }
        }
    }

    private static let readSize = 1 << 16
    /// Of events that nobody drained, in bytes; about two million events.
    private static let byteLimit = 1 << 26

    let inotify: Inotify
    private let stop: StopSignal
    /// Of the reader alone: a list tells each change once.
    private let mountList = MountList()
    private let pending = Mutex(Pending())
    private let reader = Mutex<pthread_t?>(nil)
    private let onActivity: @Sendable () -> Void

    init(onActivity: @escaping @Sendable () -> Void) throws(WatchError) {
        inotify = try Inotify()
        stop = try StopSignal()
        self.onActivity = onActivity
    }

    /// Everything whose system call returned before is in this or was in an earlier result.
    func take() -> Taken {
        pending.withLock { pending in
            pending.fill(from: inotify)
            defer { pending = Pending() }
            return pending.taken
        }
    }

    /// Whether nothing happened since the last ``take()``.
    var isIdle: Bool { pending.withLock { $0.isEmpty && inotify.isEmpty } }

    /// The thread keeps this object until ``stopReader()``.
    func startReader() throws(WatchError) {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, readerMain, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw .system(operation: "start a thread", path: nil, code: code)
        }
        reader.withLock { $0 = thread }
    }

    /// Returns when the thread has ended; at once if it is the caller.
    func stopReader() {
        guard let thread = reader.withLock({ $0.take() }) else { return }
        stop.raise()
        if pthread_join(thread, nil) == EDEADLK { pthread_detach(thread) }
    }

    fileprivate func readUntilStopped() {
        var polled = [inotify.descriptor, stop.waiting].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polled.append(pollfd(fd: mountList.descriptor, events: Int16(POLLPRI), revents: 0))
        while true {
            let count = poll(&polled, nfds_t(polled.count), -1)
            if count < 0, errno == EINTR { continue }
            guard count > 0, polled[1].revents == 0, polled[0].revents & ~Int16(POLLIN) == 0 else { return }
            let isNew = pending.withLock { pending in
                pending.fill(from: inotify)
                let isActive = !pending.isEmpty || polled[2].revents != 0
                defer { pending.isSignalled = pending.isSignalled || isActive }
                return !pending.isSignalled && isActive
            }
            if isNew { onActivity() }
        }
    }
}

private func readerMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<EventIntake>.fromOpaque(context).takeRetainedValue().readUntilStopped()
    return nil
}

/// Wakes a thread that polls, for good.
private struct StopSignal: ~Copyable {
    /// Readable once the signal was raised.
    let waiting: Int32
    private let raising: Int32

    init() throws(WatchError) {
        // Unlike a pipe, it is closed on exec from its first moment on.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw .system(operation: "make a socket pair", path: nil, code: errno)
        }
        (waiting, raising) = (ends[0], ends[1])
    }

    deinit {
        close(waiting)
        close(raising)
    }

    func raise() { shutdown(raising, Int32(SHUT_WR)) }
}
