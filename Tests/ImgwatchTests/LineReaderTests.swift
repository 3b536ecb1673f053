import Foundation
import Testing

@testable import imgwatch

@Suite struct LineReaderTests {
    /// Both ends of three pipes, and what came out.
    private final class Streams {
        private(set) var lines: [String] = []
        var reader: LineReader
        private var open: [Int32]

        init() throws {
            var ends: [[Int32]] = []
            for _ in 0..<3 {
                var pair: [Int32] = [-1, -1]
                try #require(pipe(&pair) == 0)
                ends.append(pair)
            }
            open = ends.flatMap(\.self)
            reader = LineReader(stdout: ends[0][0], stderr: ends[1][0], control: ends[2][0])
        }

        deinit { for end in open { close(end) } }

        /// The writing end of stdout, stderr or the control pipe.
        func write(_ text: String, to index: Int = 0) {
            _ = text.withCString { Glibc.write(open[2 * index + 1], $0, text.utf8.count) }
        }

        func end(_ index: Int) {
            close(open[2 * index + 1])
            open[2 * index + 1] = -1
        }

        func poll() -> Bool { reader.poll(milliseconds: 0) { self.note($0, $1) } }
        func drain() { reader.drain { self.note($0, $1) } }

        private func note(_ stream: imgwatch.OutputStream, _ bytes: [UInt8]) {
            lines.append("\(stream.rawValue) \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test func `a line is given when its end has come`() throws {
        let streams = try Streams()
        streams.write("one\ntw")
        #expect(!streams.poll())
        #expect(streams.lines == ["stdout one"])
        streams.write("o\n\nthree\r\n")
        #expect(!streams.poll())
        #expect(streams.lines == ["stdout one", "stdout two", "stdout ", "stdout three\r"])
    }

    @Test func `the streams do not mix`() throws {
        let streams = try Streams()
        streams.write("out")
        streams.write("err", to: 1)
        #expect(!streams.poll())
        streams.write("\n", to: 1)
        #expect(!streams.poll())
        #expect(streams.lines == ["stderr err"])
        streams.drain()
        #expect(streams.lines == ["stderr err", "stdout out"])
    }

    @Test func `it is open as long as one stream is`() throws {
        let streams = try Streams()
        streams.end(0)
        _ = streams.poll()
        #expect(streams.reader.isOpen)
        streams.write("last", to: 1)
        streams.end(1)
        _ = streams.poll()
        #expect(!streams.reader.isOpen)
        streams.drain()
        streams.drain()
        #expect(streams.lines == ["stderr last"])
    }

    @Test func `bytes that are no text stay what they are`() throws {
        let streams = try Streams()
        streams.write("\u{FF}\n")
        var bytes: [[UInt8]] = []
        _ = streams.reader.poll(milliseconds: 0) { bytes.append($1) }
        #expect(bytes == [[0xC3, 0xBF]])
    }

    @Test func `the wish for an end is heard once for each byte, beside the output`() throws {
        let streams = try Streams()
        #expect(!streams.poll())
        streams.write("c", to: 2)
        streams.write("x\n")
        #expect(streams.poll())
        #expect(streams.lines == ["stdout x"])
        #expect(!streams.poll())
    }

    @Test func `a line without an end is given when it is too long`() throws {
        let streams = try Streams()
        let piece = String(repeating: "x", count: 1 << 15)
        for _ in 0..<3 {
            streams.write(piece)
            #expect(!streams.poll())
        }
        #expect(streams.lines.count == 1)
        #expect(streams.lines[0].utf8.count > LineReader.longestLine)
        streams.drain()
        #expect(streams.lines.map { $0.dropFirst("stdout ".count) }.joined() == piece + piece + piece)
    }
}
