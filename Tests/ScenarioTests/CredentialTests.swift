import Foundation
import Rigs
import Testing

/// Registries that want to know who one is: whom imgwatch asks for that, and that nobody else ever sees it.
@Suite(.serialized, .enabled(if: Pushes.isPossible, Pushes.why)) struct CredentialTests {
    private static let password = "pass word:\u{e9}/+9f3a"
    private static let access = RegistryServer.Access.password(user: "somebody", password: password)

    /// A project with folders of its own for its state and for docker's configuration.
    private struct Site {
        let project: TemporaryProject
        let variables: [String: String]
        let state: URL
        let docker: String

        init(_ registry: String, helpers: [CredentialHelper] = []) throws {
            project = try Pushes.project(registry)
            state = project.home.appending(path: "state")
            docker = project.home.appending(path: "docker").path()
            let path = helpers.map(\.path) + ["/usr/bin", "/bin"]
            variables = [
                "XDG_STATE_HOME": state.path(), "DOCKER_CONFIG": docker, "PATH": path.joined(separator: ":"),
            ]
        }

        func build(_ words: String...) throws -> EndedCommand {
            try project.command([Programs.imgwatch.path(), "build", "--json"] + words, variables)
        }

        /// Neither the texts nor a file of ours holds a secret, as it is or in base64.
        func expectNoTrace(of secrets: [String], in texts: String...) {
            let all = secrets.flatMap { [$0, Data($0.utf8).base64EncodedString()] }
            let files = project.traces(state)
            #expect(
                files.contains { $0.path.hasSuffix("state.sqlite") }
                    && files.contains { $0.path.hasSuffix("index.json") }
            )
            for secret in all {
                for text in texts { #expect(!text.contains(secret), "\(secret) is said") }
                for (path, bytes) in files { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret): \(path)") }
            }
        }
    }

    private static let secrets = [password, "somebody:\(password)"]

    @Test func `a password in docker's configuration opens the registry, and is shown nowhere`() async throws {
        let registry = try await RegistryServer.start(Self.access)
        let site = try Site(registry.address)
        let configuration = DockerConfiguration(auths: [
            registry.address: .password(user: "somebody", password: Self.password)
        ])
        try configuration.write(to: site.docker)
        let built = try site.build()
        #expect(built.status == 0 && built.events.nodes("pushed") == ["app"], "\(built.output)\(built.errors)")
        try await RegistryWalk(registry).check()
        site.expectNoTrace(of: Self.secrets, in: built.output, built.errors)
    }

    @Test func `a wrong password is told with a remedy, and not the password`() async throws {
        let registry = try await RegistryServer.start(Self.access)
        let site = try Site(registry.address)
        for password in ["wrong-\(Self.password)", nil] {
            let entry = password.map { DockerConfiguration.Entry.password(user: "somebody", password: $0) } ?? .empty
            try DockerConfiguration(auths: [registry.address: entry]).write(to: site.docker)
            let built = try site.build()
            let failure = try #require(built.events.first { $0.event == "failed" }, "\(built.output)\(built.errors)")
            #expect(built.status == 1 && failure.reason.contains("401") && failure.reason.contains("docker login"))
            let secrets = Self.secrets + ["wrong-\(Self.password)", "somebody:wrong-\(Self.password)"]
            site.expectNoTrace(of: secrets, in: built.output, built.errors)
        }
        #expect(registry.blobs.isEmpty)
    }

    @Test func `only the registry's own helper is asked, and once`() async throws {
        let registry = try await RegistryServer.start(Self.access)
        let mine = try CredentialHelper.make(
            "mine",
            [registry.address: .credentials(user: "somebody", secret: Self.password)]
        )
        let others = try CredentialHelper.make("others", ["elsewhere.example": .credentials(user: "x", secret: "y")])
        let site = try Site(registry.address, helpers: [mine, others])
        let helpers = [registry.address: "mine", "elsewhere.example": "others"]
        try DockerConfiguration(credHelpers: helpers, credsStore: "others").write(to: site.docker)
        let loop = try RunningLoop(site.project, environment: site.variables)
        try await loop.publication(of: "app", from: 0)
        let mark = loop.mark
        try site.project.write("app.txt", "two\n")
        try await loop.publication(of: "app", from: mark)
        #expect(try await loop.end() == 0)
        #expect(try mine.calls().map(\.input) == [registry.address])
        #expect(try others.calls().isEmpty)
        let said = loop.lines.map(\.text).joined()
        site.expectNoTrace(of: Self.secrets, in: said, loop.errors)
    }

    @Test func `who logs in, or installs an authority, while it runs needs no restart`() async throws {
        let registry = try await RegistryServer.start(Self.access, isEncrypted: true)
        let site = try Site(registry.address)
        let loop = try RunningLoop(site.project, environment: site.variables)
        try await loop.wait(for: "the certificate") {
            $0.event == "failed" && $0.reason.contains("certs.d/\(registry.address)")
        }
        let folder = site.project.home.appending(path: ".config/containers/certs.d/\(registry.address)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: #require(registry.authority), toPath: folder.path() + "/ca.crt")
        try FileManager.default.createDirectory(atPath: site.docker, withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(filePath: site.docker + "/config.json"))
        var mark = loop.mark
        #expect(try site.project.command([Programs.imgwatch.path(), "retry"], site.variables).status == 0)
        let nobody = try await loop.wait(from: mark, for: "failed", node: "app")
        #expect(nobody.reason.contains("401") && nobody.reason.contains("config.json is no JSON"), "\(nobody.reason)")
        await Pause.of(milliseconds: 1500)
        let entry = DockerConfiguration.Entry.password(user: "somebody", password: Self.password)
        try DockerConfiguration(auths: [registry.address: entry]).write(to: site.docker)
        mark = loop.mark
        #expect(try site.project.command([Programs.imgwatch.path(), "retry"], site.variables).status == 0)
        try await loop.publication(of: "app", from: mark)
        #expect(try await loop.end() == 0)
        try await RegistryWalk(registry).check()
    }

    @Test(arguments: [false, true])
    func `a helper that waits for its user keeps nobody from leaving`(isBaseAsked: Bool) async throws {
        let registry = try await RegistryServer.start(Self.access)
        let helper = try CredentialHelper.make("asks", [registry.address: .hang])
        let site = try Site(registry.address, helpers: [helper])
        try DockerConfiguration(credsStore: "asks").write(to: site.docker)
        // Bases are asked for before anything else begins.
        if isBaseAsked { try site.project.write("Dockerfile", "FROM \(registry.address)/it\nCOPY app.txt /\n") }
        let mark = RunMark()
        let loop = try RunningLoop(site.project, environment: site.variables.merging(mark.environment) { $1 })
        if !isBaseAsked { try await loop.wait(for: "ready") }
        _ = try await Waiting.until("the helper's call") { try helper.calls().isEmpty ? nil : true }
        #expect(!mark.steps().isEmpty)
        let moment = ContinuousClock.now
        #expect(try await loop.end() == 0)
        // It would be ended by itself after half a minute.
        #expect(.now - moment < .seconds(20))
        _ = try await Waiting.until("the helper's end") { mark.steps().isEmpty ? true : nil }
    }

    @Test func `tokens are few, and one that expires in the middle of a push is renewed`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        let proxy = try await FaultyProxy.start(before: registry)
        let site = try Site(proxy.address)
        let configuration = DockerConfiguration(auths: [
            proxy.address: .password(user: "user", password: "password")
        ])
        try configuration.write(to: site.docker)
        let loop = try RunningLoop(site.project, environment: site.variables)
        try await loop.publication(of: "app", from: 0)
        for edit in 0..<3 {
            let mark = loop.mark
            try site.project.write("app.txt", "edit \(edit)\n")
            try await loop.publication(of: "app", from: mark)
        }
        let asked = try tokens.requests()
        #expect(asked.count <= 2, "\(asked.map(\.scopes))")

        // Each token is good for two requests.
        try proxy.reset()
        try proxy.setRules([FaultRule.unauthorized.whenUsed(moreThan: 2).always])
        let mark = loop.mark
        try site.project.write("app.txt", "at last\n")
        let line = try await loop.publication(of: "app", from: mark)
        #expect(loop.lines.dropFirst(mark).allSatisfy { $0.event != "failed" })
        #expect(try await loop.end() == 0)
        let requests = try proxy.requests()
        #expect(requests.filter { $0.status == 401 }.count >= 1 && requests.count <= 12, "\(requests.summary)")
        #expect(registry.digest(of: line.tag, in: "app") == line.digest)
        let shown = Set(requests.compactMap { $0.header("Authorization")?.split(separator: " ").last.map(String.init) })
        #expect(shown.count >= 2)
        let said = loop.lines.map(\.text).joined()
        site.expectNoTrace(of: ["user:password"] + shown.sorted(), in: said, loop.errors)
    }

    @Test func `an authority of one's own is found where podman keeps it, and its absence is told`() async throws {
        let registry = try await RegistryServer.start(Self.access, isEncrypted: true)
        let site = try Site(registry.address)
        let entry = DockerConfiguration.Entry.password(user: "somebody", password: Self.password)
        try DockerConfiguration(auths: [registry.address: entry]).write(to: site.docker)
        let strange = try site.build()
        let failure = try #require(strange.events.first { $0.event == "failed" }, "\(strange.output)\(strange.errors)")
        #expect(strange.status == 1 && failure.reason.contains("certs.d"), "\(failure.reason)")

        // XDG_CONFIG_HOME is another folder here, and podman does not heed it for this.
        let folder = site.project.home.appending(path: ".config/containers/certs.d/\(registry.address)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let authority = try #require(registry.authority)
        try FileManager.default.copyItem(atPath: authority, toPath: folder.path() + "/ca.crt")
        let built = try site.build()
        #expect(built.status == 0 && built.events.nodes("pushed") == ["app"], "\(built.output)\(built.errors)")
        try await RegistryWalk(registry).check()
        site.expectNoTrace(of: Self.secrets, in: strange.output, strange.errors, built.output, built.errors)
    }
}
