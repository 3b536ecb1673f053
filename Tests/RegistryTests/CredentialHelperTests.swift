import Rigs
import Testing

@testable import Registry

@Suite struct CredentialHelperTests {
    private func ask(_ answer: Rigs.CredentialHelper.Answer, limit: Int = 20_000) throws -> Credential {
        let helper = try Rigs.CredentialHelper.make("rig", ["a.example": answer])
        return try Registry.CredentialHelper.ask(
            "rig",
            for: "a.example",
            environment: ["PATH": helper.path + ":/usr/bin:/bin"],
            limit: limit
        )
    }

    @Test func `it answers`() throws {
        #expect(
            try ask(.credentials(user: "me", secret: "s\"\\\u{E9}")) == .password(user: "me", password: "s\"\\\u{E9}")
        )
        #expect(try ask(.credentials(user: "<token>", secret: "t")) == .identityToken("t"))
        #expect(try ask(.credentials(user: "", secret: "")) == .none)
        #expect(try ask(.unknown) == .none)
        let long = String(repeating: "x", count: 500_000)
        #expect(try ask(.credentials(user: "me", secret: long)) == .password(user: "me", password: long))
    }

    @Test(arguments: [
        (
            Rigs.CredentialHelper.Answer.failure("a geheim was not unlocked"),
            "docker-credential-rig failed with status 1"
        ),
        (.text("geheim"), "docker-credential-rig answered what can't be read"),
        (.text(#"{"Username":"geheim"}"#), "docker-credential-rig answered what can't be read"),
        (.text(String(repeating: "geheim ", count: 300_000)), "docker-credential-rig answered what can't be read"),
    ])
    func `what it says otherwise is no credential, and is not shown`(
        answer: Rigs.CredentialHelper.Answer,
        reason: String
    ) throws {
        #expect { try ask(answer) } throws: { error in
            guard let error = error as? RegistryError else { return false }
            return error.reason == reason && !error.remedy.contains("geheim") && !error.remedy.contains(" get")
        }
    }

    @Test func `one that hangs is ended`() throws {
        #expect { try ask(.hang, limit: 200) } throws: {
            ($0 as? RegistryError)?.reason == "docker-credential-rig did not answer in time"
        }
    }

    @Test func `one that closes its output and lives on is ended`() throws {
        let folder = try RigFolder()
        let script = "#!/bin/sh\necho '{\"Username\":\"me\",\"Secret\":\"x\"}'\nexec >&-\nexec sleep 1000\n"
        try folder.write("docker-credential-rig", script, mode: 0o755)
        #expect {
            try Registry.CredentialHelper.ask(
                "rig",
                for: "a.example",
                environment: ["PATH": folder.path + ":/usr/bin:/bin"],
                limit: 200
            )
        } throws: {
            ($0 as? RegistryError)?.reason == "docker-credential-rig did not answer in time"
        }
    }

    @Test func `one that nobody waits for any more is ended, with what it started`() throws {
        let helper = try Rigs.CredentialHelper.make("rig", ["a.example": .hang])
        var glances = 0
        #expect {
            try Registry.CredentialHelper.ask(
                "rig",
                for: "a.example",
                environment: ["PATH": helper.path + ":/usr/bin:/bin"],
                isOver: {
                    glances += 1
                    return glances > 3
                }
            )
        } throws: {
            ($0 as? RegistryError)?.isCancelled == true
        }
    }

    @Test func `one that is not there does no harm, however often`() {
        for _ in 0..<20 {
            #expect {
                try Registry.CredentialHelper.ask("none", for: "a.example", environment: ["PATH": "/usr/bin:/bin"])
            } throws: {
                ($0 as? RegistryError)?.reason == "there is no program docker-credential-none"
            }
        }
    }
}
