import HTTP
import Rigs
import Synchronization
import Testing

@testable import AWS

@Suite struct ContainerCredentialsTests {
    private func desk(_ variables: [String: String], _ server: AWSCredentialServer) throws -> Desk {
        try Desk(Situation(name: "", variables: variables, files: ["token": "geheim-2\n"]), server.endpoint)
    }

    private static let address = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container/x?y=z"]

    @Test func `the token is sent, that of the file before that of the environment`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.containerToken = "geheim-1" }
        var variables = Self.address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "geheim-1"]) { $1 }
        let first = try desk(variables, server)
        #expect(try await first.credentials().provider == "the container's role")
        #expect(first.parts.secrets.redact("geheim-1") == "***")
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "{home}/token"
        try server.set { $0.containerToken = "geheim-2" }
        #expect(try await desk(variables, server).credentials().sessionToken == "token-1-container")
        #expect(try server.requests().map(\.path) == ["/container/x?y=z", "/container/x?y=z"])
    }

    @Test func `a path leads to the address at which ECS listens`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try desk(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"], server)
        let asked = Mutex<[String]>([])
        var parts = desk.parts
        parts.send = { request async throws(HTTPError) in
            asked.withLock { $0.append(request.address.description) }
            var request = request
            guard let there = WebAddress(parsing: server.endpoint + "/container") else {
                return try await desk.parts.send(request)
            }
            request.address = there
            return try await desk.parts.send(request)
        }
        _ = try await CredentialChain(try await desk.settings(), parts).credentials()
        #expect(asked.withLock(\.self) == ["http://169.254.170.2/v2/credentials/x"])
    }

    @Test(arguments: [
        (["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ".example/x"], "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path"),
        (["AWS_CONTAINER_CREDENTIALS_FULL_URI": "file:///x"], "AWS_CONTAINER_CREDENTIALS_FULL_URI is no address"),
        (
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.3/x"],
            "AWS_CONTAINER_CREDENTIALS_FULL_URI leads to 169.254.170.3, which is neither https nor this machine"
        ),
        (
            address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\nb"]) { $1 },
            "its token has a line break in it"
        ),
        (
            address.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere"]) { $1 },
            "/nowhere can't be read"
        ),
    ])
    func `where it leads elsewhere nobody is asked`(variables: [String: String], reason: String) async throws {
        let server = try await AWSCredentialServer.start()
        let error = try await desk(variables, server).failure()
        #expect(error.reason == "the container's role gives no credentials: \(reason)")
        #expect(try server.requests().isEmpty)
    }

    @Test func `a refusal is told after a few tries`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.containerToken = "geheim-1" }
        let error = try await desk(Self.address, server).failure()
        #expect(error.reason == "the container's role gives no credentials: it answers with status 403")
        #expect(try server.requests().count == AWSLimits.containerAttempts)
    }
}
