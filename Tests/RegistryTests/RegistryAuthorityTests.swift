import HTTP
import Synchronization
import Testing

@testable import Registry

@Suite struct RegistryAuthorityTests {
    /// What is asked for, and what is known, of one authority.
    private final class Scene: Sendable {
        let server: FakeServer
        let secrets = Secrets()
        let finds = Mutex(0)
        let clock = Mutex(Duration.zero)
        let registry: WebAddress
        private let hasHelper: Bool
        private let credentials: [Credential]
        private let strangers: [String: Credential]

        init(
            _ credentials: [Credential],
            strangers: [String: Credential] = [:],
            hasHelper: Bool = true,
            _ answers: @escaping FakeServer.Answers = { request, number in
                request.answer(200, [:], #"{"token":"token\#(number)","expires_in":100}"#)
            }
        ) throws {
            server = FakeServer(answers)
            registry = try address("https://registry.example/")
            (self.credentials, self.strangers, self.hasHelper) = (credentials, strangers, hasHelper)
        }

        func authority() -> RegistryAuthority {
            RegistryAuthority(
                registry,
                trust: HTTPTrust(authorities: [1], clientCertificate: "/mine"),
                find: { _, _ throws(RegistryError) in
                    let number = self.finds.withLock { finds in
                        defer { finds += 1 }
                        return finds
                    }
                    let credential = self.credentials[min(number, self.credentials.count - 1)]
                    return FoundCredential(credential: credential, isFromHelper: self.hasHelper)
                },
                credentialAt: { host, _, _ throws(RegistryError) in self.strangers[host] ?? .none },
                secrets: secrets,
                now: { self.clock.withLock { $0 } },
                send: server.send
            )
        }
    }

    private let me = Credential.password(user: "me", password: "geheim")
    private static let realm = #"Bearer realm="https://auth.registry.example/t",service="s",scope="repository:x:pull""#

    private func request(
        _ scopes: [String] = ["repository:a:pull"],
        at text: String = "https://registry.example/v2/"
    ) throws
        -> HTTPRequest
    {
        var request = HTTPRequest("GET", try address(text))
        request.scopes = scopes
        return request
    }

    private func refuse(
        _ authority: RegistryAuthority,
        _ challenge: String,
        _ request: HTTPRequest,
        refused: String? = nil,
        by other: String? = nil,
        status: Int = 401
    ) async throws -> String? {
        var answer = request.answer(status, ["WWW-Authenticate": challenge])
        if let other { answer.address = try address(other) }
        return try await authority.authorization(for: request, refused: refused, with: answer)
    }

    @Test func `nothing is shown before it is asked for, and then what was asked for`() async throws {
        let scene = try Scene([me])
        let authority = scene.authority()
        let request = try request()
        #expect(try await authority.authorization(for: request) == nil)
        #expect(try await refuse(authority, "Basic realm=x", request) == "Basic bWU6Z2VoZWlt")
        #expect(try await authority.authorization(for: request) == "Basic bWU6Z2VoZWlt")
        #expect(scene.finds.withLock { $0 } == 1)
        #expect(scene.secrets.redact("geheim bWU6Z2VoZWlt") == "*** ***")
    }

    @Test func `a token is kept for its scopes, nearly as long as it lasts`() async throws {
        let scene = try Scene([me])
        let authority = scene.authority()
        #expect(try await refuse(authority, "Negotiate, " + Self.realm, request()) == "Bearer token1")
        #expect(try await authority.authorization(for: request()) == "Bearer token1")
        #expect(try await authority.authorization(for: request(["repository:b:pull"])) == "Bearer token2")
        scene.clock.withLock { $0 = .seconds(89) }
        #expect(try await authority.authorization(for: request()) == "Bearer token1")
        scene.clock.withLock { $0 = .seconds(91) }
        #expect(try await authority.authorization(for: request()) == "Bearer token3")
        #expect(scene.secrets.redact("token3") == "***")
        // What is asked without scopes of its own takes those of the challenge.
        #expect(try await refuse(authority, Self.realm, request([])) == "Bearer token4")
        #expect(scene.server.lines.last == "GET /t?service=s&scope=repository%3Ax%3Apull&account=me")
    }

    @Test func `one that is refused is forgotten, but not its successor`() async throws {
        let authority = try Scene([me]).authority()
        let request = try request()
        let first = try await refuse(authority, Self.realm, request)
        #expect(try await refuse(authority, Self.realm, request, refused: first) == "Bearer token2")
        #expect(try await refuse(authority, Self.realm, request, refused: first) == "Bearer token2")
    }

    @Test func `many at once ask for one token`() async throws {
        let scene = try Scene([me])
        let authority = scene.authority()
        let request = try request()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 { group.addTask { try await refuse(authority, Self.realm, request) } }
            for try await token in group { #expect(token == "Bearer token1") }
        }
        #expect(scene.server.requests.count == 1)
        #expect(scene.finds.withLock { $0 } == 1)
    }

    @Test func `neither other hosts nor those that one is redirected to are believed`() async throws {
        let scene = try Scene([me])
        let authority = scene.authority()
        for other in ["https://cdn.example/x", "http://registry.example/x", "https://registry.example:8443/x"] {
            #expect(try await refuse(authority, "Basic realm=x", request(at: other)) == nil)
            #expect(try await refuse(authority, "Basic realm=x", request(), by: other) == nil)
            #expect(try await refuse(authority, Self.realm, request(), by: other) == nil)
            #expect(try await authority.authorization(for: request(at: other)) == nil)
        }
        #expect(try await authority.authorization(for: request()) == nil)
        #expect(scene.finds.withLock { $0 } == 0)
        _ = try await refuse(authority, "Basic realm=x", request())
        #expect(try await authority.authorization(for: request(at: "https://cdn.example/x")) == nil)
    }

    @Test(arguments: [
        ("https://evil.example/t", true), ("https://registry.example.evil.example/t", true),
        ("http://registry.example/t", false),
        ("https://127.0.0.1/t", true), ("https://169.254.169.254/t", true),
    ])
    func `a stranger's realm gets no credentials, and the reason names it`(realm: String, isNamed: Bool) async throws {
        let scene = try Scene([me])
        let authority = scene.authority()
        await #expect {
            try await refuse(authority, #"Bearer realm="\#(realm)""#, request())
        } throws: { error in
            guard let error = error as? HTTPError else { return false }
            return error.kind == .forbidden && error.address == realm && !error.reason.contains("geheim")
        }
        #expect(scene.server.requests.isEmpty)
    }

    @Test func `a stranger's realm is asked without credentials, or with those that are kept for it`() async throws {
        let nobody = try Scene([.none])
        let challenge = #"Bearer realm="https://tokens.example/t""#
        #expect(try await refuse(nobody.authority(), challenge, request()) == "Bearer token1")
        #expect(nobody.server.requests.first?.header("Authorization") == nil)
        let other = Credential.password(user: "o", password: "other")
        let known = try Scene([me], strangers: ["tokens.example": other])
        #expect(try await refuse(known.authority(), challenge, request()) == "Bearer token1")
        #expect(known.server.requests.first?.header("Authorization") == other.basic)
        #expect(known.server.requests.first?.trust == HTTPTrust(authorities: [1]))
        #expect(known.secrets.redact("other") == "***")
    }

    @Test(arguments: [
        "Bearer", "Bearer realm=", #"Bearer realm="file:///etc/passwd""#,
        #"Bearer realm="https://me:x@registry.example/""#,
        #"Bearer realm="no address""#,
    ])
    func `a realm that is no address is none`(challenge: String) async throws {
        let authority = try Scene([me]).authority()
        await #expect {
            try await refuse(authority, challenge, request())
        } throws: {
            ($0 as? HTTPError)?.kind == .forbidden
        }
    }

    @Test(arguments: ["Negotiate", "Digest realm=x", ""]) func `what we can't do is left`(
        challenge: String
    ) async throws {
        #expect(try await refuse(Scene([me]).authority(), challenge, request()) == nil)
    }

    @Test func `a helper is asked again for what is refused, once`() async throws {
        let newer = Credential.password(user: "me", password: "newer")
        let scene = try Scene([me, newer])
        let authority = scene.authority()
        let request = try request()
        #expect(try await refuse(authority, "Basic realm=x", request) == me.basic)
        // Four at once were refused with the same one.
        for _ in 0..<4 {
            #expect(try await refuse(authority, "Basic realm=x", request, refused: me.basic) == newer.basic)
        }
        #expect(scene.finds.withLock { $0 } == 2)
        #expect(try await refuse(authority, "Basic realm=x", request, refused: newer.basic) == nil)
        let wrong = try Scene([me]).authority()
        #expect(try await refuse(wrong, "Basic realm=x", request) == me.basic)
        #expect(try await refuse(wrong, "Basic realm=x", request, refused: me.basic) == nil)
    }

    @Test func `a helper is asked again for what is forbidden, now and then`() async throws {
        let all = (0..<4).map { Credential.password(user: "me", password: "geheim\($0)") }
        let scene = try Scene(all)
        let authority = scene.authority()
        let request = try request()
        #expect(try await refuse(authority, "Basic realm=x", request) == all[0].basic)
        for _ in 0..<4 {
            #expect(try await refuse(authority, "", request, refused: all[0].basic, status: 403) == all[1].basic)
        }
        #expect(try await refuse(authority, "", request, refused: all[1].basic, status: 403) == nil)
        #expect(scene.finds.withLock { $0 } == 2)
        scene.clock.withLock { $0 = RegistryLimits.renewal }
        #expect(try await refuse(authority, "", request, refused: all[1].basic, status: 403) == all[2].basic)
        #expect(scene.finds.withLock { $0 } == 3)
        // What stands in a file is what it is.
        let other = try Scene(all, hasHelper: false)
        let fixed = other.authority()
        #expect(try await refuse(fixed, "Basic realm=x", request) == all[0].basic)
        #expect(try await refuse(fixed, "", request, refused: all[0].basic, status: 403) == nil)
        // Tokens say themselves when they are over.
        let bearer = try Scene(all).authority()
        let token = try await refuse(bearer, Self.realm, request)
        #expect(try await refuse(bearer, "", request, refused: token, status: 403) == nil)
    }

    @Test func `the token server, too, may want a newer one`() async throws {
        let newer = Credential.password(user: "me", password: "newer")
        let scene = try Scene([me, newer]) { request, _ in
            request.header("Authorization") == newer.basic
                ? request.answer(200, [:], #"{"token":"t"}"#) : request.answer(401)
        }
        #expect(try await refuse(scene.authority(), Self.realm, request()) == "Bearer t")
        let wrong = try Scene([me]) { request, _ in request.answer(401) }
        let authority = wrong.authority()
        await #expect { try await refuse(authority, Self.realm, request()) } throws: {
            ($0 as? HTTPError)?.kind == .denied
        }
        #expect(wrong.server.requests.count == 1)
    }

    @Test func `a registry token is sent as it is, and not twice`() async throws {
        let scene = try Scene([.registryToken("r")])
        let authority = scene.authority()
        #expect(try await refuse(authority, Self.realm, request()) == "Bearer r")
        #expect(try await refuse(authority, Self.realm, request(), refused: "Bearer r") == nil)
        #expect(scene.server.requests.isEmpty)
    }
}
