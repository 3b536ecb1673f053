/// The registry's life: it listens, it serves many, it ends.

import FlyingSocks
import Foundation
import Glibc
import OCI
import Serving
import Testing

@Suite struct EmbeddedRegistryTests {
    @Test func `a port in use is an error that names it`() async throws {
        try await Running.serve { running in
            let second = try EmbeddedRegistry(layout: running.layout, port: running.port)
            let listening = Task { try await second.waitUntilListening() }
            await #expect(throws: ServingError.portInUse(running.port)) { try await second.run() }
            await #expect(throws: ServingError.portInUse(running.port)) { try await listening.value }
            await #expect(throws: ServingError.portInUse(running.port)) { try await second.waitUntilListening() }
        }
    }

    @Test func `after stop the port is free, and the next one takes it`() async throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        var port: UInt16 = 0
        for _ in 0..<3 {
            let registry = try EmbeddedRegistry(layout: layout, port: port)
            async let end: Void = registry.run()
            port = try await registry.waitUntilListening()
            let connection = try await Connection(port: port)
            try await connection.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await connection.answer().status == 200)
            await registry.stop()
            try await end
            try connection.close()
        }
    }

    @Test func `stop and cancellation end it, also before it listens`() async throws {
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path)
        let stopped = try EmbeddedRegistry(layout: layout, port: 0)
        await stopped.stop()
        try await stopped.run()
        await #expect(throws: ServingError.stopped) { try await stopped.waitUntilListening() }
        let cancelled = try EmbeddedRegistry(layout: layout, port: 0)
        let task = Task { try await cancelled.run() }
        try await cancelled.waitUntilListening()
        task.cancel()
        try await task.value
        await #expect(throws: ServingError.stopped) { try await cancelled.waitUntilListening() }
        let waiting = Task { try await EmbeddedRegistry(layout: layout, port: 0).waitUntilListening() }
        waiting.cancel()
        await #expect(throws: ServingError.stopped) { try await waiting.value }
    }

    @Test func `it listens on loopback only, and no program that is started inherits a socket`() async throws {
        try await Running.serve { registry in
            let connection = try await Connection(port: registry.port)
            try await connection.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await connection.answer()
            try await connection.send("HEAD /v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await connection.answer(toHead: true)
            var found = 0
            for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                let socket = Socket(file: .init(rawValue: Int32(entry) ?? -1))
                guard case .ip4(let host, port: registry.port)? = try? socket.sockname() else { continue }
                found += 1
                #expect(host == "127.0.0.1")
                #expect(fcntl(socket.file.rawValue, F_GETFD) & FD_CLOEXEC != 0)
                var (noDelay, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
                getsockopt(socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, &length)
                #expect(noDelay != 0)
            }
            #expect(found == 2)
            try connection.close()
        }
    }

    @Test func `many pull at once, and some go away in the middle`() async throws {
        try await Running.serve { registry in
            let bytes = (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 / 5) }
            let blob = try registry.layout.writeBlob(bytes, mediaType: "")
            try await withThrowingTaskGroup { group in
                for client in 0..<16 {
                    group.addTask {
                        guard client % 4 == 0 else {
                            let answer = try await registry.request("GET", "/v2/a/blobs/\(blob.digest)")
                            return answer.body == bytes
                        }
                        let connection = try await Connection(port: registry.port)
                        try await connection.send("GET /v2/a/blobs/\(blob.digest) HTTP/1.1\r\nHost: a\r\n\r\n")
                        try connection.close()
                        return true
                    }
                }
                for try await isWhole in group { #expect(isWhole) }
            }
            #expect(try await registry.request("GET", "/v2/").status == 200)
        }
    }

    @Test func `nonsense ends its connection and nothing else`() async throws {
        try await Running.serve { registry in
            let connection = try await Connection(port: registry.port)
            try await connection.send("\u{16}\u{3}\u{1}\r\n\r\n")
            await #expect(throws: (any Error).self) { try await connection.answer() }
            try connection.close()
            #expect(try await registry.request("GET", "/v2/").status == 200)
        }
    }

    @Test(.enabled(if: Program("curl") != nil, "curl is not installed"))
    func `a large blob is streamed, not held in memory`() async throws {
        try await Running.serve { registry in
            let curl = try #require(Program("curl"))
            // The file has no blocks: its size is what counts, and nobody looks at its digest here.
            let digest = try #require(Digest(hex: String(repeating: "ab", count: 32)))
            let path = registry.layout.blobPath(digest)
            try #require(FileManager.default.createFile(atPath: path, contents: nil))
            let size = 512 << 20
            try #require(truncate(path, size) == 0)
            let before = try peakMemory()
            let url = "http://127.0.0.1:\(registry.port)/v2/a/blobs/\(digest)"
            let arguments = ["-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", url]
            let run = try await curl.run(arguments, in: registry.folder)
            #expect(run.output == "200 \(size)")
            #expect(try peakMemory() - before < size / 2)
        }
    }

    /// The most that this process ever held, in bytes.
    private func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1024
    }
}
