/// What the engines' programs are told.

import Synchronization
import Testing

@testable import ImageEngines

@Suite struct ImageEngineTests {
    /// Answers commands by what they begin with.
    private final class Machine: Sendable {
        private let answers: [(command: String, end: EngineCommandEnd, lines: [String])]
        private let ran = Mutex<[EngineCommand]>([])

        init(_ answers: [(command: String, end: EngineCommandEnd, lines: [String])]) { self.answers = answers }

        var commands: [String] { ran.withLock { $0.map { $0.words.joined(separator: " ") } } }

        func engine(_ kind: EngineKind) -> ImageEngine {
            ImageEngine(kind) { command, onLine in
                self.ran.withLock { $0.append(command) }
                let text = command.words.joined(separator: " ")
                guard let answer = self.answers.first(where: { text.hasPrefix($0.command) }) else { return .exited(0) }
                for line in answer.lines { onLine(line) }
                return answer.end
            }
        }
    }

    private var request: EngineRequest {
        EngineRequest(
            folder: "/tmp/f-1",
            platform: "linux/amd64",
            arguments: [("A", "b c")],
            secrets: [.init(id: "t", .variable("TOKEN")), .init(id: "f", .file("/s"))],
            agents: ["default"],
            localBases: ["127.0.0.1:5000/a@sha256:1"]
        )
    }

    @Test func `docker builds by name, gives the image away, and forgets the name`() throws {
        let machine = Machine([("docker network", .exited(1), []), ("docker buildx", .exited(1), [])])
        let request = request
        let engine = machine.engine(.docker)
        try engine.build(request, try engine.check()) { _ in }
        #expect(
            machine.commands == [
                "docker version --format {{.Server.Version}} {{.Client.Version}}", "docker buildx version",
                "docker network inspect bridge",
                "docker build --progress=plain --tag \(request.name) --platform linux/amd64 "
                    + "--file /tmp/f-1/Dockerfile --network host --build-arg A=b c --secret id=t,env=TOKEN "
                    + "--secret id=f,src=/s --ssh default /tmp/f-1/context",
                "docker save --output /tmp/f-1/image.tar \(request.name)", "docker image rm \(request.name)",
            ]
        )
    }

    @Test(arguments: ["/usr/bin/docker", nil])
    func `a docker that has no BuildKit gives way to another one`(other: String?) throws {
        let machine = Machine([
            ("docker version", .exited(0), ["20.10.24 28.2.2"]), ("docker buildx", .exited(1), []),
            ("/bin/sh", .exited(0), ["/usr/local/bin/docker"] + [other].compactMap(\.self)),
            ("/usr/bin/docker version", .exited(0), ["20.10.24"]), ("/usr/bin/docker buildx", .exited(1), []),
        ])
        let engine = machine.engine(.docker)
        guard let other else {
            let problem = #expect(throws: EngineProblem.self) { try engine.check() }
            #expect(problem?.kind == .unavailable && problem?.reason.contains("buildx, which is not installed") == true)
            return
        }
        try engine.build(request, try engine.check()) { _ in }
        #expect(machine.commands.contains { $0.hasPrefix("\(other) build ") })
    }

    @Test func `with buildx the image is loaded, and the network is the daemon's own or the one that is wanted`() throws
    {
        let machine = Machine([])
        let engine = machine.engine(.docker)
        var request = request
        let version = try engine.check()
        try engine.build(request, version) { _ in }
        #expect(machine.commands[3].contains(" --load ") && !machine.commands[3].contains("--network"))
        request.network = "none"
        try engine.build(request, version) { _ in }
        #expect(machine.commands[6].contains(" --network none "))
    }

    @Test(arguments: [
        (EngineKind.docker, "docker build "), (.buildkit, "buildctl build "), (.buildah, "buildah build "),
    ])
    func `an engine leaves its cache alone where it is told to`(kind: EngineKind, command: String) {
        for usesCache in [true, false] {
            let machine = Machine([])
            var request = request
            request.usesCache = usesCache
            try? machine.engine(kind).build(request, EngineVersion(text: "")) { _ in }
            let build = machine.commands.first { $0.hasPrefix(command) }
            #expect(build?.contains(" --no-cache ") == !usesCache)
        }
    }

    @Test func `buildctl writes the image itself`() throws {
        let machine = Machine([])
        var request = request
        request.network = "host"
        try machine.engine(.buildkit).build(request, EngineVersion(text: "")) { _ in }
        #expect(
            machine.commands == [
                "buildctl build --progress=plain --frontend dockerfile.v0 --local context=/tmp/f-1/context "
                    + "--local dockerfile=/tmp/f-1 --opt platform=linux/amd64 --opt force-network-mode=host "
                    + "--allow network.host --opt build-arg:A=b c --secret id=t,env=TOKEN --secret id=f,src=/s "
                    + "--ssh default --output type=oci,dest=/tmp/f-1/image.tar"
            ]
        )
    }

    @Test(arguments: [EngineKind.buildah, .podman])
    func `buildah without an image's identity has built nothing`(kind: EngineKind) throws {
        let machine = Machine([])
        let problem = #expect(throws: EngineProblem.self) {
            try machine.engine(kind).build(request, EngineVersion(text: "")) { _ in }
        }
        #expect(problem?.reason.contains("does not say which image it built") == true)
        #expect(machine.commands[0].hasPrefix("\(kind.rawValue) pull --quiet "))
        #expect(machine.commands[0].hasSuffix("--tls-verify=false 127.0.0.1:5000/a@sha256:1"))
        #expect(machine.commands[1].contains("--format docker") && machine.commands[1].contains("--ignorefile"))
    }

    @Test(arguments: [
        (EngineCommandEnd.exited(127), EngineProblem.Kind.unavailable, "docker is not installed"),
        (.exited(1), .unavailable, "docker does not work: no daemon"),
        (.failed("why"), .unavailable, "docker could not be run: why"),
        (.cancelled, .cancelled, "the build was cancelled"),
    ])
    func `an engine that does not work says why`(end: EngineCommandEnd, kind: EngineProblem.Kind, reason: String) {
        let machine = Machine([("docker version", end, ["no daemon"])])
        let problem = #expect(throws: EngineProblem.self) { try machine.engine(.docker).check() }
        #expect(problem?.kind == kind && problem?.reason == reason && problem?.remedy != "")
    }
}
