/// The kernel's bytes as events.

import Glibc

/// `struct inotify_event` (inotify(7)).
struct InotifyEvent: Equatable {
    /// -1 where the queue overflowed.
    var watch: Int32
    var mask: UInt32
    /// The same for both ends of a move; else 0.
    var cookie: UInt32 = 0
    /// nil where the event is of the watched directory itself.
    var name: FileName?

    /// Whether one of the `flags` is set.
    func has(_ flags: Int32) -> Bool { mask & UInt32(bitPattern: flags) != 0 }

    /// The events in what was read, which ends at the end of an event.
    static func parse(_ bytes: [UInt8]) -> [InotifyEvent] {
        bytes.withUnsafeBytes { buffer in
            var events: [InotifyEvent] = []
            var start = 0
            while start + MemoryLayout<inotify_event>.size <= buffer.count {
                let header = buffer.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
                start += MemoryLayout<inotify_event>.size
                let field = buffer[start..<min(start + Int(header.len), buffer.count)]
                start += Int(header.len)
                // The name is padded with NULs.
                let name = header.len == 0 ? nil : FileName(field.prefix { $0 != 0 })
                events.append(InotifyEvent(watch: header.wd, mask: header.mask, cookie: header.cookie, name: name))
            }
            return events
        }
    }
}
