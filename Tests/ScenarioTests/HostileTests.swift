import Foundation
import Rigs
import Testing

/// Registries that lie, stall and flood: nobody else learns who one is, the program stays small, and ends when told to.
@Suite(.serialized, .enabled(if: Pushes.isPossible && Skopeo.isInstalled, "docker-registry, curl or skopeo is missing"))
struct HostileTests {
    private static let password = "hostile-secret/+9f3a"
    /// The resident set, with a debug build's own size.
    private static let mostMemory = 300 << 10

    private static func eachMode(_ body: @escaping @Sendable (HostileRegistry.Mode) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = HostileRegistry.Mode.allCases.makeIterator()
            func begin() {
                guard let mode = next.next() else { return }
                group.addTask {
                    do { try await body(mode) } catch { Issue.record("\(mode): \(error)") }
                }
            }
            for _ in 0..<4 { begin() }
            while try await group.next() != nil { begin() }
        }
    }

    @Test func `no registry that images go to leads astray, floods, or holds fast`() async throws {
        try await Self.eachMode { mode in
            let hostile = try await HostileRegistry.start([mode])
            try await Self.meet(hostile, mode, Pushes.project(hostile.address))
        }
    }

    @Test func `nor does one that a base comes from`() async throws {
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        try await Self.eachMode { mode in
            let hostile = try await HostileRegistry.start()
            let pushed = try await Skopeo().run([
                "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", images.reference(to: "it"),
                "docker://\(hostile.address)/it:1",
            ])
            #expect(pushed.status == 0, "\(pushed.errors)")
            try hostile.reset()
            try hostile.setModes([mode])
            let project = try Pushes.project("oci:images")
            try project.write("Dockerfile", "FROM \(hostile.address)/it:1\nCOPY app.txt /\n")
            try await Self.meet(hostile, mode, project)
        }
    }

    private static func meet(
        _ hostile: HostileRegistry,
        _ mode: HostileRegistry.Mode,
        _ project: TemporaryProject
    ) async throws {
        let docker = project.home.appending(path: "docker").path()
        let entry = DockerConfiguration.Entry.password(user: "somebody", password: password)
        try DockerConfiguration(auths: [hostile.address: entry]).write(to: docker)
        let loop = try RunningLoop(project, environment: ["DOCKER_CONFIG": docker])
        try await wait(for: loop, at: hostile)
        #expect(try peak(of: loop) < mostMemory, "\(mode)")
        let moment = ContinuousClock.now
        loop.interrupt()
        let status = try await loop.exit()
        let took = ContinuousClock.now - moment
        #expect(took < .seconds(2), "\(mode): it took \(took) to end")
        // Before it begins to work it has nothing to finish.
        #expect(
            status == 0 || loop.process.terminationReason == .uncaughtSignal && status == SIGINT,
            "\(mode): \(status)"
        )
        let secrets = [password, "somebody:\(password)"].flatMap { [$0, Data($0.utf8).base64EncodedString()] }
        for request in try hostile.requests(to: .elsewhere) {
            #expect(request.header("Authorization") == nil, "\(mode): \(request.method) \(request.path)")
            #expect(secrets.allSatisfy { !request.path.contains($0) }, "\(mode)")
        }
        let said = loop.lines.map(\.text).joined() + loop.errors
        #expect(secrets.allSatisfy { !said.contains($0) }, "\(mode): \(said)")
        for line in loop.lines {
            #expect(
                line.reason.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 0x202E },
                "\(mode): \(line.reason)"
            )
        }
    }

    /// Until something came of it, or it waits for an answer since a while.
    private static func wait(for loop: RunningLoop, at hostile: HostileRegistry) async throws {
        var first: ContinuousClock.Instant?
        while first.map({ ContinuousClock.now - $0 < .seconds(1) }) ?? true {
            if loop.lines.contains(where: { ["failed", "pushed"].contains($0.event) }) { return }
            if first == nil, try !hostile.requests().isEmpty { first = .now }
            try #require(loop.process.isRunning, "\(loop.lines.map(\.text))\(loop.errors)")
            await Pause.of(milliseconds: 20)
        }
    }

    /// In KiB.
    private static func peak(of loop: RunningLoop) throws -> Int {
        let path = "/proc/\(loop.process.processIdentifier)/status"
        let status = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }
}
