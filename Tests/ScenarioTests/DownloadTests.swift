import Foundation
import Testing

/// `ADD --checksum` from a real server: fetched once, checked, and not asked for again.
@Suite(.serialized) struct DownloadTests {
    /// Says its port, and then what it is asked for.
    private static let server = """
        import functools, http.server, os, sys
        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                if self.path == '/moved': return self.redirect()
                super().do_GET()
            def redirect(self):
                self.send_response(302)
                self.send_header('Location', '/tool.bin')
                self.end_headers()
            def log_message(self, *words): open(sys.argv[2], 'a').write(self.path + '\\n')
        handler = functools.partial(Handler, directory=sys.argv[1])
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        open(sys.argv[3] + '.new', 'w').write(str(server.server_address[1]))
        os.rename(sys.argv[3] + '.new', sys.argv[3])
        server.serve_forever()

        """

    @Test func `a file is fetched once, by way of a redirect, and what is not what it should be fails`() async throws {
        let project = try TemporaryProject([
            ".imgwatch": "images: { web: {} }\n", "app.txt": "one\n", "server.py": Self.server,
            "files/tool.bin": "the tool\n",
        ])
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        let (log, port) = (project.home.appending(path: "log"), project.home.appending(path: "port"))
        process.arguments = [project.path("server.py"), project.path("files"), log.path(), port.path()]
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        let deadline = Date(timeIntervalSinceNow: 30)
        while !FileManager.default.fileExists(atPath: port.path()), Date() < deadline { await Pause.short() }
        let address = "http://127.0.0.1:\(try String(contentsOf: port, encoding: .utf8))"
        let sum = try project.run("sha256sum", "files/tool.bin").prefix(64)
        let rest = "COPY app.txt /\n"
        try project.write(
            "Dockerfile",
            "FROM scratch\nADD --checksum=sha256:\(sum) \(address)/moved /bin/tool\n\(rest)"
        )

        let loop = try RunningLoop(project)
        let first = try await loop.wait(for: "pushed", node: "web")
        let files = try UnpackedImage.files(digest: first.digest, in: project.store())
        #expect(files == ["bin/tool": "the tool\n", "app.txt": "one\n"])
        try await loop.settle(from: 0, after: nil)
        var mark = loop.mark
        try project.write("app.txt", "two\n")
        _ = try await loop.wait(from: mark, for: "pushed", node: "web")
        #expect(try String(contentsOf: log, encoding: .utf8) == "/moved\n/tool.bin\n")

        mark = loop.mark
        let other = String(repeating: "0", count: 64)
        try project.write("Dockerfile", "FROM scratch\nADD --checksum=sha256:\(other) \(address)/tool.bin /\n\(rest)")
        let failed = try await loop.wait(from: mark, for: "failed", node: "web")
        let reason = failed.string("reason")
        #expect(reason.hasPrefix("Dockerfile:2: ADD \(address)/tool.bin: what came is sha256:\(sum)"), "\(reason)")
        mark = loop.mark
        try project.write("Dockerfile", "FROM scratch\nADD --checksum=sha256:\(sum) \(address)/none /\n\(rest)")
        _ = try await loop.wait(from: mark, for: "pushed", node: "web")
        try await loop.end()
    }
}
