/// What the tests of this folder share: a registry that serves a folder of its own, a client that shows the bytes of
/// every answer, programs that may be missing.

import FlyingSocks
import Foundation
import Glibc
import OCI
import Serving

/// A folder that lives as long as the test; its name is short, since podman wants short ones.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "serving-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A registry that runs.
struct Running: Sendable {
    let folder: TemporaryFolder
    let layout: ImageLayout
    let registry: EmbeddedRegistry
    let port: UInt16

    /// Serves an empty layout while `body` runs.
    static func serve(_ body: (Running) async throws -> Void) async throws {
        signal(SIGPIPE, SIG_IGN)
        let folder = try TemporaryFolder()
        let layout = try ImageLayout.open(at: folder.path + "/store")
        let registry = try EmbeddedRegistry(layout: layout, port: 0)
        async let end: Void = registry.run()
        let port = try await registry.waitUntilListening()
        do {
            try await body(Running(folder: folder, layout: layout, registry: registry, port: port))
        } catch {
            await registry.stop()
            throw error
        }
        await registry.stop()
        try await end
    }

    /// Sends one request on a connection of its own.
    func request(_ method: String, _ target: String, _ headers: String..., body: String = "") async throws -> Received {
        let connection = try await Connection(port: port)
        let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        let lines = ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + length + headers
        try await connection.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        return try await connection.answer(toHead: method == "HEAD", isLast: true)
    }
}

/// What came back.
struct Received: Sendable {
    var status: Int
    /// By lower-case names.
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
    /// The code of the first error in the body.
    var code: String? {
        (try? JSON(parsing: body, subject: "body"))?["errors"]?.array?.first?["code"]?.text
    }
}

/// A connection that is kept.
struct Connection: Sendable {
    private let socket: AsyncSocket

    init(port: UInt16) async throws {
        socket = try await AsyncSocket.connected(to: sockaddr_in.inet(ip4: "127.0.0.1", port: port))
    }

    func send(_ text: String) async throws { try await socket.write(Data(text.utf8)) }

    func close() throws { try socket.close() }

    /// Reads the next answer, by its length; where it is the last, until the end: nothing may follow it.
    func answer(toHead: Bool = false, isLast: Bool = false) async throws -> Received {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) { head.append(try await socket.read()) }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let fields = lines.dropFirst().map { $0.split(separator: ": ", maxSplits: 1) }
        var answer = Received(status: Int(lines[0].split(separator: " ")[1]) ?? 0, headers: [:], body: [])
        for field in fields where field.count == 2 { answer.headers[field[0].lowercased()] = String(field[1]) }
        if isLast {
            while let piece = try? await socket.read(atMost: 4096) { answer.body += piece }
            try socket.close()
        } else if !toHead {
            answer.body = try await socket.read(bytes: Int(answer.headers["content-length"] ?? "") ?? 0)
        }
        return answer
    }
}

/// A program of the machine; nil where it is not installed.
struct Program: Sendable {
    let path: String

    init?(_ name: String) {
        let folders = ["/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin"]
        guard let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/" + name) })
        else { return nil }
        path = folder + "/" + name
    }

    /// Gives the status and what the program wrote to either stream; blocks no thread, since the registry needs them.
    func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> (status: Int32, output: String) {
        let log = "\(folder.path)/\(UUID().uuidString).log"
        try Data().write(to: URL(filePath: log))
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["HOME": folder.path, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
        (process.standardOutput, process.standardError) = (output, output)
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return (status, try String(contentsOfFile: log, encoding: .utf8))
    }
}

extension ImageLayout {
    /// A whole small image of one layer with one file, under `<image>:<tag>`.
    @discardableResult
    func addImage(_ name: String, text: String = "hello\n") throws -> Descriptor {
        let content = Array(text.utf8)
        var writer = try LayerWriter(layout: self)
        var rest = content[...]
        _ = try writer.append(TarEntry(path: "file", kind: .file(size: content.count), mode: 0o644)) { buffer in
            let part = rest.prefix(buffer.count)
            buffer.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
        let layer = try writer.finish()
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.diffIDs = [layer.diffID]
        configuration.execution.command = ["/file"]
        configuration.history = [.init(created: "1970-01-01T00:00:00Z", createdBy: "COPY file /")]
        let descriptor = try writeBlob(configuration.encoded(), mediaType: MediaType.configuration)
        let manifest = Manifest(configuration: descriptor, layers: [layer.descriptor])
        let image = try writeBlob(manifest.encoded(), mediaType: MediaType.manifest)
        try tag(name, as: image)
        return image
    }
}
