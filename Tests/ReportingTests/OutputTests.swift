/// Writing to what is slow, or gone.

import Dispatch
import Glibc
import Reporting
import Synchronization
import Testing

@Suite struct OutputTests {
    /// Reading and writing end.
    private func makePipe() throws -> (Int32, Int32) {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test(arguments: [false, true])
    func `everything arrives, although the pipe holds less`(isNonBlocking: Bool) throws {
        let (reading, writing) = try makePipe()
        if isNonBlocking { try #require(fcntl(writing, F_SETFL, O_NONBLOCK) == 0) }
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        // A thread of its own: the writer blocks one that tasks run on.
        let received = Mutex<[UInt8]>([])
        let reader = DispatchWorkItem {
            var chunk = [UInt8](repeating: 0, count: 30_000)
            while case let count = read(reading, &chunk, chunk.count), count > 0 {
                received.withLock { $0 += chunk[..<count] }
            }
        }
        DispatchQueue(label: "reader").async(execute: reader)
        #expect(Output(descriptor: writing).write(bytes))
        close(writing)
        reader.wait()
        #expect(received.withLock { $0 } == bytes)
        close(reading)
    }

    @Test func `a reader that is gone is told, and nothing else happens`() throws {
        let (reading, writing) = try makePipe()
        close(reading)
        #expect(!Output(descriptor: writing).write([1]))
        close(writing)
        #expect(!Output(descriptor: -1).write([1]))
    }

    @Test func `a pipe is no terminal`() throws {
        let (reading, writing) = try makePipe()
        #expect(!Output(descriptor: writing).isTerminal)
        close(reading)
        close(writing)
    }
}
