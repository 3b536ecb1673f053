import Rigs
import Testing

@testable import AWS

@Suite struct CredentialProcessTests {
    private func desk(_ script: String) throws -> Desk {
        try Desk(
            Situation(
                name: "",
                variables: ["AWS_PROFILE": "dev", "ANSWER": "42"],
                config: "[profile dev]\ncredential_process = {home}/keys.sh \"a b\"\n",
                files: ["keys.sh": "#!/bin/sh\n\(script)\n"]
            )
        )
    }

    private static let keys =
        #"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2099-01-01T00:00:00Z"}"#

    @Test func `it is given the environment, and gives credentials that end`() async throws {
        let desk = try desk("[ \"$ANSWER/$AWS_PROFILE/$1/$#\" = '42/dev/a b/1' ] && echo '\(Self.keys)'")
        let found = try await desk.credentials()
        #expect(found.expiration == 4_070_908_800)
        #expect(found.provider == "the credential_process of the profile dev")
    }

    @Test func `it may say much beside`() async throws {
        let desk = try desk("head -c 300000 /dev/zero | tr '\\0' x >&2; echo '\(Self.keys)'")
        #expect(try await desk.credentials().accessKeyID == "a")
    }

    @Test(arguments: [
        (
            "echo one >&2; echo ' the vault is locked ' >&2; echo >&2; exit 3",
            "failed with status 3: the vault is locked"
        ),
        ("exit 1", "failed with status 1"),
        (
            "echo 'the token \(String(repeating: "t", count: 40)) is old' >&2; exit 1",
            "failed with status 1: the token … is old"
        ),
        ("echo hello", "wrote no JSON"), ("echo '{}'", "wrote no `\"Version\": 1`"),
        (
            "echo '{\"Version\": 1, \"AccessKeyId\": \"a\"}'",
            "wrote no AccessKeyId, no SecretAccessKey, or an Expiration that is no date"
        ),
        (
            "echo '{\"Version\": 1, \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"Expiration\": \"soon\"}'",
            "wrote no AccessKeyId, no SecretAccessKey, or an Expiration that is no date"
        ),
        ("head -c 3000000 /dev/zero", "wrote more than can be credentials"),
    ])
    func `anything else is told`(script: String, reason: String) async throws {
        let error = try await desk(script).failure()
        #expect(error.reason == "the credential_process of the profile dev \(reason)")
        #expect(error.remedy == "run that command by hand: it must print JSON with Version 1")
    }

    @Test func `a program that is not there is told, also where it said nothing`() async throws {
        #expect(try await desk("exit 127").failure().reason.contains("can't be started: there is no program"))
    }

    @Test(arguments: ["exec sleep 1000", "exec >&- 2>&-; exec sleep 1000", "sleep 1000 & exit 0"])
    func `one that hangs is ended`(script: String) async throws {
        let desk = try desk(script)
        let words = [desk.folder.path + "/keys.sh"]
        let process = CredentialProcess(words: words, what: "it", parts: desk.parts, limit: 200)
        let error = await #expect(throws: AWSError.self) { try await process.credentials() }
        #expect(error?.reason == "it did not end within 200 ms")
    }

    @Test func `one that nobody needs any more is ended`() async throws {
        let desk = try desk("echo >$HOME/called; exec sleep 1000")
        let chain = try await desk.chain()
        let search = Task { try await chain.credentials() }
        _ = try await Waiting.until("the program") { try? desk.text("called") }
        search.cancel()
        await #expect { try await search.value } throws: { ($0 as? AWSError)?.isCancelled == true }
    }

    @Test func `quotes that are open are no command`() async throws {
        let config = "[default]\ncredential_process = keys 'a\n"
        let error = try await Desk(Situation(name: "", config: config)).failure()
        #expect(error.reason == "the credential_process of the profile default is no command")
    }
}
