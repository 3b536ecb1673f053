import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import Registry

/// Every kind of access that docker-registry has.
@Suite(.enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
struct RegistriesTests {
    private func prove(_ registry: RegistryServer, _ person: Person) async throws {
        let client = try await person.client(registry.address)
        let image = try SmallImage(["one", "two"])
        try await client.put(image.push(to: "team/it"), as: ["1", "latest"])
        for tag in ["1", "latest"] { #expect(registry.holds(image, tag, in: "team/it")) }
        #expect(try await client.digest("team/it", "1") == "\(image.manifest.digest)")
        let folder = try RigFolder()
        let layout = try ImageLayout.open(at: folder.path)
        for blob in image.blobs {
            try await client.fetch(blob, from: "team/it", into: layout)
            #expect(layout.hasBlob(blob))
        }
    }

    private func entry(_ registry: RegistryServer, _ entry: DockerConfiguration.Entry) -> DockerConfiguration {
        DockerConfiguration(auths: [registry.address: entry])
    }

    @Test(arguments: [false, true]) func `plain, with and without relative addresses`(isRelative: Bool) async throws {
        let registry = try await RegistryServer.start(hasRelativeURLs: isRelative)
        try await prove(registry, Person())
    }

    @Test func `with a password`() async throws {
        let password = "it's \"geheim\"/ü"
        let registry = try await RegistryServer.start(.password(user: "me", password: password))
        try await prove(registry, Person(entry(registry, .password(user: "me", password: password))))
        let wrong = try await Person(entry(registry, .password(user: "me", password: "wrong"))).client(registry.address)
        let error = await failure { _ = try await wrong.manifest("x", "1") }
        #expect(error?.status == 401)
        let nobody = try await Person().client(registry.address)
        #expect(
            await failure { _ = try await nobody.manifest("x", "1") }?.status == 401
        )
    }

    @Test func `with tokens, for a password, for an identity token, and of one's own`() async throws {
        let tokens = try await TokenServer.start()
        try tokens.set { $0.refresh = ["refresh-geheim": "user"] }
        let registry = try await RegistryServer.start(.token(tokens))
        try await prove(registry, Person(entry(registry, .password(user: "user", password: "password"))))
        try await prove(registry, Person(entry(registry, .identityToken("refresh-geheim"))))
        try tokens.set { ($0.fields, $0.post) = (["access_token"], false) }
        try await prove(registry, Person(entry(registry, .password(user: "user", password: "password"))))
        for change in [{ $0.users = ["user": "other"] }, { $0.readers = ["user"] }]
            as [(inout TokenServer.Settings) -> Void]
        {
            try tokens.set { ($0.users, $0.readers) = (["user": "password"], []) }
            try tokens.set(change)
            let person = try Person(entry(registry, .password(user: "user", password: "password")))
            let client = try await person.client(registry.address)
            let image = try SmallImage(["x"])
            let error = await failure { try await client.put(image.push(to: "it")) }
            let shown = try #require(error)
            #expect(shown.remedy.contains("login"), "\(shown)")
            #expect(!shown.isTransient)
            #expect(!shown.reason.contains("password") && !shown.reason.contains("dXNlcjpwYXNzd29yZA=="))
        }
    }

    @Test func `a token server that is busy is no verdict`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        try tokens.set { ($0.status, $0.headers) = (503, [:]) }
        let client = try await Person().client(registry.address)
        let error = await failure { _ = try await client.manifest("it", "1") }
        #expect(error?.isTransient == true)
    }

    @Test func `with TLS, where its authority is known`() async throws {
        let registry = try await RegistryServer.start(isEncrypted: true)
        let authority = try #require(registry.authority)
        try await prove(registry, Person(nil, ["SSL_CERT_FILE": authority]))
        let person = try Person()
        let certificate = try String(contentsOfFile: authority, encoding: .utf8)
        try person.home.write(".config/containers/certs.d/\(registry.address)/ca.crt", certificate)
        try await prove(registry, person)
        let stranger = try await Person().client(registry.address)
        let error = await failure { _ = try await stranger.manifest("x", "1") }
        #expect(error?.isTransient == false)
        #expect(error?.remedy.contains("certs.d") == true)
    }

    @Test func `many that ask for a registry at once get one client`() async throws {
        let registry = try await RegistryServer.start()
        let person = try Person()
        let clients = try await withThrowingTaskGroup(of: RegistryClient.self) { group in
            for number in 0..<10 { group.addTask { try await person.client(registry.address, "r\(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(clients.map(ObjectIdentifier.init)).count == 1)
    }

    @Test func `two pushes at once ask for one token, and one helper`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        let helper = try Rigs.CredentialHelper.make(
            "rig",
            [registry.address: .credentials(user: "user", secret: "password")]
        )
        let person = try Person(
            DockerConfiguration(credHelpers: [registry.address: "rig"]),
            ["PATH": helper.path + ":/usr/bin:/bin"]
        )
        let client = try await person.client(registry.address)
        let images = try (0..<4).map { try SmallImage(["a\($0)", "b\($0)"]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, image) in images.enumerated() {
                group.addTask { try await client.put(image.push(to: "it"), as: ["\(number)"]) }
            }
            try await group.waitForAll()
        }
        for (number, image) in images.enumerated() { #expect(registry.holds(image, "\(number)", in: "it")) }
        #expect(try tokens.requests().map(\.scopes) == [["repository:it:pull,push"]])
        #expect(try helper.calls().map(\.input) == [registry.address])
    }

    @Test func `repositories with credentials of their own have a client each, and one knowledge`() async throws {
        let tokens = try await TokenServer.start()
        try tokens.set { $0.users = ["one": "p1", "two": "p2", "all": "p3"] }
        let registry = try await RegistryServer.start(.token(tokens))
        let host = registry.address
        let person = try Person(
            DockerConfiguration(auths: [
                "\(host)/one": .password(user: "one", password: "p1"),
                "\(host)/two/it": .password(user: "two", password: "p2"), host: .password(user: "all", password: "p3"),
            ])
        )
        let clients = try await [
            person.client(host, "one/a"), person.client(host, "one/b"), person.client(host, "two/it"),
            person.client(host, "two/other"), person.client(host, "three"),
        ]
        #expect(clients[0] === clients[1] && clients[3] === clients[4])
        #expect(Set(clients.map(ObjectIdentifier.init)).count == 3)
        #expect(Set(clients.map { ObjectIdentifier($0.known) }).count == 1)
        let image = try SmallImage(["x"])
        for (client, repository) in zip(clients, ["one/a", "one/b", "two/it"]) {
            try await client.put(image.push(to: repository))
        }
        let users = try tokens.requests().filter { $0.scopes.count == 1 }.map { $0.user ?? "" }
        #expect(users == ["one", "one", "two"])
    }

    @Test func `a helper is asked once for a host, whoever needs it`() async throws {
        let registry = try await RegistryServer.start(.password(user: "me", password: "right"))
        let helper = try Rigs.CredentialHelper.make(
            "rig",
            [registry.address: .credentials(user: "me", secret: "right")]
        )
        let person = try Person(
            DockerConfiguration(
                auths: ["\(registry.address)/own": .password(user: "me", password: "other")],
                credHelpers: [registry.address: "rig"]
            ),
            ["PATH": helper.path + ":/usr/bin:/bin"]
        )
        for repository in ["it", "own", "own/it"] {
            #expect(try await person.client(registry.address, repository).manifest(repository, "1") == nil)
        }
        #expect(try helper.calls().count == 1)
    }

    @Test func `a helper that fails says what to do about it`() async throws {
        let registry = try await RegistryServer.start(.password(user: "me", password: "right"))
        let helper = try Rigs.CredentialHelper.make("rig", [registry.address: .failure("locked")])
        let person = try Person(
            DockerConfiguration(credHelpers: [registry.address: "rig"]),
            ["PATH": helper.path + ":/usr/bin:/bin"]
        )
        let client = try await person.client(registry.address)
        let error = await failure { _ = try await client.manifest("it", "1") }
        #expect(error?.remedy.contains("docker-credential-rig list") == true, "\(String(describing: error))")
        #expect(error?.reason.contains("docker-credential-rig list") == false)
    }

    @Test func `a token that wears out in the middle is replaced`() async throws {
        let tokens = try await TokenServer.start()
        let registry = try await RegistryServer.start(.token(tokens))
        let proxy = try await FaultyProxy.start(before: registry, [.unauthorized.whenUsed(moreThan: 3).always])
        let person = try Person(
            DockerConfiguration(auths: [proxy.address: .password(user: "user", password: "password")])
        )
        let client = try await person.client(proxy.address)
        let image = try SmallImage(["one"])
        try await client.put(image.push(to: "it", isFresh: true))
        #expect(registry.holds(image, "1", in: "it"))
        #expect(try tokens.requests().count == 2)
    }

    @Test func `nobody listens, and nobody answers`() async throws {
        let registry = try await RegistryServer.start()
        let address = registry.address
        try await registry.stop()
        let person = try Person()
        let gone = await failure { _ = try await person.client(address) }
        #expect(gone?.isTransient == true)
        let silent = try await HostileRegistry.start([.silent])
        var times = HTTPTimes()
        times.small = 200
        let impatient = try Person(times: times)
        let late = await failure { _ = try await impatient.client(silent.address) }
        #expect(late?.isTransient == true)
        let nonsense = await failure { _ = try await person.client("a b") }
        #expect(nonsense?.isTransient == false)
    }
}
