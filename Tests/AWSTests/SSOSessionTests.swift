import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct SSOSessionTests {
    private static let file = Situations.cached("work")

    private func desk(_ server: AWSCredentialServer, endsIn seconds: Int, _ more: String = "") throws -> Desk {
        let end = AWSMoment.text(Int(Date().timeIntervalSince1970) + seconds)
        let token = """
            {"startUrl": "https://work.example/start", "region": "us-east-1", "accessToken": "portal-1", \
            "expiresAt": "\(end)", "clientId": "client", "clientSecret": "client-secret", \
            "refreshToken": "refresh-1"\(more)}
            """
        let files = [Self.file: token]
        return try Desk(
            Situation(name: "", config: Situations.session, files: files, profile: "dev"),
            server.endpoint
        )
    }

    private static let loginFirst = "run `aws sso login --profile dev`"

    @Test(arguments: [-60, 600])
    func `a token that ends is renewed, and written for AWS's own tools`(seconds: Int) async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { ($0.refreshToken, $0.portalToken) = ("refresh-1", "none") }
        let desk = try desk(server, endsIn: seconds, #", "registrationExpiresAt": "2099-01-01T00:00:00Z", "x": [1.50]"#)
        #expect(try await desk.credentials().accessKeyID == "ASIA1ADMIN111122223333")
        let json = try JSON(parsing: Array(desk.text(Self.file).utf8), subject: "the cache")
        #expect(json["accessToken"]?.text == "portal-2")
        #expect(json["refreshToken"]?.text == "refresh-2")
        #expect(json["clientSecret"]?.text == "client-secret")
        #expect(json["x"] == .array([.number("1.50")]))
        let end = try #require(json["expiresAt"]?.text.flatMap(AWSMoment.seconds))
        #expect(abs(end - desk.clock.now - 28800) < 120)
        let path = "\(desk.folder.path)/\(Self.file)"
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let folder = URL(filePath: path).deletingLastPathComponent().path
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        for secret in ["portal-1", "portal-2", "refresh-1", "refresh-2", "client-secret"] {
            #expect(desk.parts.secrets.redact(secret) == "***")
        }
        #expect(try server.requests().map(\.kind) == ["oidc", "portal"])
    }

    @Test func `a token that lasts is left alone`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try desk(server, endsIn: 3600)
        let old = try desk.text(Self.file)
        #expect(try await desk.credentials().provider == "the role Admin of IAM Identity Center (profile dev)")
        #expect(try desk.text(Self.file) == old)
        #expect(try server.requests().map(\.kind) == ["portal"])
    }

    @Test func `where it can't be renewed the old one is used to its end`() async throws {
        let server = try await AWSCredentialServer.start()
        #expect(try await desk(server, endsIn: 600).credentials().accessKeyID == "ASIA1ADMIN111122223333")
        let error = try await desk(server, endsIn: -60).failure()
        #expect(
            error.reason == "the profile dev is one of IAM Identity Center, and the token of its session has expired"
        )
        #expect(error.remedy == Self.loginFirst)
    }

    @Test func `a registration that has ended renews nothing`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.refreshToken = "refresh-1" }
        let desk = try desk(server, endsIn: -60, #", "registrationExpiresAt": "2020-01-01T00:00:00Z""#)
        #expect(try await desk.failure().remedy == Self.loginFirst)
        #expect(try server.requests().isEmpty)
    }

    @Test func `a token that the portal refuses wants a login`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.portalToken = "other" }
        let error = try await desk(server, endsIn: 3600).failure()
        #expect(error.reason.hasSuffix("the token of its session is not taken any more"))
        #expect(error.remedy == Self.loginFirst)
    }

    @Test func `a role that is not theirs is told`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.faults = ["portal": 403] }
        let error = try await desk(server, endsIn: 3600).failure()
        #expect(error.remedy == "check sso_account_id and sso_role_name of the profile dev")
    }

    @Test func `a cache that can't be read wants a login`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try desk(server, endsIn: 3600)
        try desk.folder.write(Self.file, "{")
        let error = try await desk.failure()
        #expect(error.reason.hasSuffix("the token of its session can't be read"))
        #expect(error.remedy == Self.loginFirst)
    }
}
