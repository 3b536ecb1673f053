import Foundation
import Rigs
import Testing

/// A helper answers as its test says, and skopeo believes it.
@Suite struct CredentialHelperTests {
    @Test func `it answers by its table, and its calls are on record`() async throws {
        let helper = try CredentialHelper.make(
            "rig",
            [
                "a.example": .credentials(user: "it's", secret: "\"x\" \\ y"), "b.example": .unknown,
                "c.example": .failure("locked\n"), "d.example": .text("no JSON"),
            ]
        )
        let shell = try #require(MachineProgram("sh"))
        var outcomes: [MachineProgram.Outcome] = []
        for server in ["a.example", "b.example", "c.example", "d.example", "e.example"] {
            outcomes.append(try await shell.run([helper.path + "/docker-credential-rig", "get"], input: server))
        }
        #expect(outcomes.map(\.status) == [0, 1, 1, 0, 1])
        let fields = try JSONDecoder().decode([String: String].self, from: Data(outcomes[0].output.utf8))
        #expect(fields == ["ServerURL": "a.example", "Username": "it's", "Secret": "\"x\" \\ y"])
        #expect(outcomes[1].output == "credentials not found in native keychain\n")
        #expect(outcomes[2].output == "locked\n")
        let calls = try helper.calls()
        #expect(calls.map(\.input) == ["a.example", "b.example", "c.example", "d.example", "e.example"])
        #expect(calls.allSatisfy { $0.arguments == ["get"] })
    }

    @Test func `it hangs as long as it is there`() async throws {
        let shell = try #require(MachineProgram("sh"))
        var helper: CredentialHelper? = try CredentialHelper.make("rig", ["a.example": .hang])
        let program = try #require(helper).path + "/docker-credential-rig"
        async let outcome = shell.run([program, "get"], input: "a.example")
        _ = try await Waiting.until("its call") { try helper?.calls().first }
        helper = nil
        #expect(try await outcome.output == "")
    }

    @Test(.enabled(if: RegistryServer.isInstalled && Skopeo.isInstalled, "docker-registry or skopeo is not installed"))
    func `skopeo gets in by Docker's configuration`() async throws {
        let registry = try await RegistryServer.start(.password(user: "me", password: "secret"))
        let skopeo = try #require(MachineProgram("skopeo"))
        let helper = try CredentialHelper.make(
            "rig",
            [registry.address: .credentials(user: "me", secret: "secret")]
        )
        let entry = DockerConfiguration.Entry.password(user: "me", password: "secret")
        for configuration in [
            DockerConfiguration(auths: [registry.address: entry]),
            DockerConfiguration(credHelpers: [registry.address: "rig"]),
        ] {
            let folder = try RigFolder()
            let file = try configuration.write(to: folder.path)
            let images = try await OCILayoutFixture.make(["it": .file("it\n")])
            try await skopeo.succeed(
                [
                    "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--authfile", file,
                    images.reference(to: "it"), "docker://\(registry.address)/it:1",
                ],
                environment: ["PATH": helper.path + ":/usr/bin:/bin"]
            )
        }
        #expect(try helper.calls().contains { $0.input == registry.address })
    }
}
