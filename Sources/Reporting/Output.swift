/// The program's output as ``Reporter`` wants it: written at once, all of it, whatever reads it.

import Glibc

/// Does not own the descriptor.
package struct Output: Sendable {
    private let descriptor: Int32
    package init(descriptor: Int32) { self.descriptor = descriptor }

    package static let standard = Self(descriptor: STDOUT_FILENO)
    package static let error = Self(descriptor: STDERR_FILENO)

    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Writes all bytes, and waits where a reader is slow.
    ///
    /// SIGPIPE must be ignored.
    ///
    /// - Returns: false where they can't be written: the reader is gone.
    package func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Somebody who shares the terminal made it non-blocking.
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
