import Rigs
import Testing

@testable import AWS

@Suite struct AssumedRolesTests {
    private static let user = "[user]\naws_access_key_id = AKIDUSER\naws_secret_access_key = user-secret\n"

    private func desk(_ lines: String, _ server: AWSCredentialServer) throws -> Desk {
        let role = "role_arn = arn:aws:iam::111122223333:role/Dev\n"
        return try Desk(
            Situation(
                name: "",
                config: "[profile dev]\n\(role)\(lines)",
                credentials: Self.user,
                profile: "dev"
            ),
            server.endpoint
        )
    }

    @Test func `a role is asked for with all that the profile says`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.externalID = "ours & theirs" }
        let lines =
            "source_profile = user\nexternal_id = ours & theirs\nduration_seconds = 900\nrole_session_name = me@x\n"
        let found = try await desk(lines, server).credentials()
        #expect(found.provider == "the role Dev of the profile dev")
        #expect(found.expiration != nil)
        let request = try #require(try server.requests().first)
        #expect(
            request.form == [
                "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::111122223333:role/Dev",
                "ExternalId": "ours & theirs", "DurationSeconds": "900", "RoleSessionName": "me@x",
            ]
        )
    }

    @Test func `a session has a name of its own`() async throws {
        let server = try await AWSCredentialServer.start()
        _ = try await desk("source_profile = user\n", server).credentials()
        #expect(try server.requests().first?.form["RoleSessionName"]?.hasPrefix("imgwatch-") == true)
    }

    @Test func `a role that is refused is told with whose credentials`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.externalID = "other" }
        let error = try await desk("source_profile = user\n", server).failure()
        #expect(
            error.reason.hasPrefix(
                "the role Dev of the profile dev can't be assumed with the profile user of ~/.aws/credentials: "
                    + "sts AssumeRole: AccessDenied"
            )
        )
        #expect(error.remedy == "allow sts:AssumeRole to the source's credentials, and name them in the role's trust")
    }

    @Test(arguments: [
        (
            "mfa_serial = x\nsource_profile = user\n",
            "wants a code of an MFA device, which nobody can type in here"
        ),
        ("duration_seconds = long\nsource_profile = user\n", "has a duration_seconds that is no number"),
        ("credential_source = EcsContainer\n", "has the credential_source EcsContainer, which gives no credentials"),
    ])
    func `what can't be done is told`(lines: String, reason: String) async throws {
        let server = try await AWSCredentialServer.start()
        #expect(try await desk(lines, server).failure().reason == "the profile dev \(reason)")
        #expect(try server.requests().isEmpty)
    }

    @Test func `a web identity's token is read each time`() async throws {
        let server = try await AWSCredentialServer.start()
        let config = "[default]\nrole_arn = arn:aws:iam::111122223333:role/Web\nweb_identity_token_file = ~/token\n"
        let desk = try Desk(Situation(name: "", config: config, files: ["token": "web-1\n"]), server.endpoint)
        let chain = try await desk.chain()
        _ = try await chain.credentials()
        try desk.folder.write("token", "web-2")
        try server.set { ($0.webToken, $0.generation) = ("web-2", 2) }
        try server.set { $0.lasts = 7200 }
        desk.clock.advance(3600)
        #expect(try await chain.credentials().sessionToken == "token-2-Web")
        #expect(try server.requests().allSatisfy { $0.header("Authorization") == nil })
    }

    @Test func `a web identity's token that is gone is told`() async throws {
        let config = "[default]\nrole_arn = x\nweb_identity_token_file = ~/token\n"
        let error = try await Desk(Situation(name: "", config: config)).failure()
        #expect(error.reason == "the web identity's token ~/token can't be read")
    }
}
