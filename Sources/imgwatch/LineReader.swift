/// Cuts what a command prints into lines, and hears of the wish that it ends.

import Glibc

enum OutputStream: String, Sendable { case stdout, stderr }

struct LineReader {
    /// A longer line is given in pieces.
    static let longestLine = 64 << 10
    /// So much is read of a stream before something else is looked at: more than a pipe can hold.
    private static let share = 1 << 20
    private static let chunk = 16 << 10

    private struct Source {
        var stream: OutputStream
        var descriptor: Int32
        /// The beginning of a line whose end is still to come.
        var rest: [UInt8] = []
        var isOpen = true

        mutating func take(_ bytes: ArraySlice<UInt8>, _ onLine: (OutputStream, [UInt8]) -> Void) {
            var bytes = bytes
            while let end = bytes.firstIndex(of: 0x0A) {
                onLine(stream, rest + bytes[..<end])
                rest = []
                bytes = bytes[(end + 1)...]
            }
            rest += bytes
            if rest.count > LineReader.longestLine {
                onLine(stream, rest)
                rest = []
            }
        }
    }

    private var sources: [Source]
    private let control: Int32

    /// The descriptors stay the caller's; there is a byte to read from `control` when the command is to end.
    init(stdout: Int32, stderr: Int32, control: Int32) {
        sources = [Source(stream: .stdout, descriptor: stdout), Source(stream: .stderr, descriptor: stderr)]
        self.control = control
        for descriptor in [stdout, stderr] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    var isOpen: Bool { sources.contains { $0.isOpen } }

    /// Waits for output; returns whether the run is to end.
    mutating func poll(milliseconds: Int32, _ onLine: (OutputStream, [UInt8]) -> Void) -> Bool {
        var waits = [pollfd(fd: control, events: Int16(POLLIN), revents: 0)]
        for source in sources {
            waits.append(pollfd(fd: source.isOpen ? source.descriptor : -1, events: Int16(POLLIN), revents: 0))
        }
        guard Glibc.poll(&waits, UInt(waits.count), milliseconds) > 0 else { return false }
        for index in sources.indices where waits[index + 1].revents != 0 { read(index, onLine) }
        guard waits[0].revents & Int16(POLLIN) != 0 else { return false }
        var byte: UInt8 = 0
        return Glibc.read(control, &byte, 1) == 1
    }

    /// Gives what is left when the command is over, the last line too if it has no end.
    ///
    /// A process that left the command's group may still hold the streams, and write: nobody waits for that one.
    mutating func drain(_ onLine: (OutputStream, [UInt8]) -> Void) {
        for index in sources.indices {
            if sources[index].isOpen { read(index, onLine) }
            if !sources[index].rest.isEmpty { onLine(sources[index].stream, sources[index].rest) }
            sources[index].rest = []
        }
    }

    private mutating func read(_ index: Int, _ onLine: (OutputStream, [UInt8]) -> Void) {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        var left = Self.share
        while left > 0 {
            let count = Glibc.read(sources[index].descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count == 0 { sources[index].isOpen = false }
            guard count > 0 else { return }
            left -= count
            sources[index].take(buffer[..<count], onLine)
        }
    }
}
