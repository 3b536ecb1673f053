import Foundation
import HTTP
import Rigs
import Synchronization
import Testing

@testable import AWS

extension Result {
    fileprivate var failure: Failure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}

@Suite struct CredentialChainTests {
    static let container = Situation(
        name: "a container",
        variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container"]
    )

    @Test func `what lasts is asked for once`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try Desk(Self.container, server.endpoint)
        let chain = try await desk.chain()
        let first = try await chain.credentials()
        try server.set { $0.generation = 2 }
        desk.clock.advance(3600 - 920)
        #expect(try await chain.credentials() == first)
        #expect(try server.requests().count == 1)
    }

    @Test func `all who ask at once share one search`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try Desk(Self.container, server.endpoint)
        let chain = try await desk.chain()
        let found = try await withThrowingTaskGroup(of: AWSCredentials.self) { group in
            for _ in 0..<20 { group.addTask { try await chain.credentials() } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(found.count == 1)
        #expect(try server.requests().count == 1)
    }

    @Test func `all who ask at once share one failure`() async throws {
        let desk = try Desk(
            Situation(
                name: "",
                config: "[default]\ncredential_process = {home}/keys.sh\n",
                files: [
                    "keys.sh": "#!/bin/sh\necho >>$HOME/calls\nuntil [ -e $HOME/end ]; do sleep 0.01; done\nexit 3\n"
                ]
            )
        )
        let chain = try await desk.chain()
        let searches = (0..<5).map { _ in Task { try await chain.credentials() } }
        _ = try await Waiting.until("the program") { try? desk.text("calls") }
        while await chain.waiting < 4 { await Task.yield() }
        try desk.folder.write("end", "")
        for search in searches { #expect(await search.result.failure is AWSError) }
        #expect(try desk.text("calls") == "\n")
    }

    @Test func `who is cancelled leaves, and the others look for themselves`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try Desk(Self.container, server.endpoint)
        let settings = try await desk.settings()
        var parts = desk.parts
        let isFirst = Mutex(true)
        let send = parts.send
        parts.send = { request async throws(HTTPError) in
            let isStuck = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if isStuck { try? await desk.parts.pause(.seconds(1000)) }
            return try await send(request)
        }
        let chain = CredentialChain(settings, parts)
        let first = Task { try await chain.credentials() }
        while isFirst.withLock(\.self) { await Task.yield() }
        let second = Task { try await chain.credentials() }
        let third = Task { try await chain.credentials() }
        while await chain.waiting < 2 { await Task.yield() }
        third.cancel()
        #expect(await (third.result.failure as? AWSError)?.isCancelled == true)
        first.cancel()
        #expect(await (first.result.failure as? AWSError)?.isCancelled == true)
        #expect(try await second.value.accessKeyID == "ASIA1CONTAINER")
    }

    @Test func `in the last quarter of an hour new ones are found, or the old ones do`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try Desk(Self.container, server.endpoint)
        let chain = try await desk.chain()
        let first = try await chain.credentials()
        try server.set { ($0.generation, $0.faults) = (2, ["container": 500]) }
        desk.clock.advance(3600 - 880)
        #expect(try await chain.credentials() == first)
        let tries = try server.requests().count
        #expect(tries == 1 + AWSLimits.containerAttempts)
        // Not at once again.
        #expect(try await chain.credentials() == first)
        #expect(try server.requests().count == tries)
        desk.clock.advance(AWSLimits.refreshPause)
        try server.set { $0.faults = [:] }
        #expect(try await chain.credentials().accessKeyID == "ASIA2CONTAINER")
    }

    @Test func `in the last ten minutes there must be new ones`() async throws {
        let server = try await AWSCredentialServer.start()
        let desk = try Desk(Self.container, server.endpoint)
        let chain = try await desk.chain()
        _ = try await chain.credentials()
        try server.set { $0.faults = ["container": 500] }
        desk.clock.advance(3600 - 580)
        await #expect(throws: AWSError.self) { try await chain.credentials() }
        try server.set { ($0.generation, $0.faults) = (2, [:]) }
        #expect(try await chain.credentials().accessKeyID == "ASIA2CONTAINER")
    }

    @Test func `those that last for minutes only are not asked for each time`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.lasts = 300 }
        let desk = try Desk(Self.container, server.endpoint)
        let chain = try await desk.chain()
        for _ in 0..<3 { _ = try await chain.credentials() }
        #expect(try server.requests().count == 1)
        desk.clock.advance(240)
        try server.set { ($0.generation, $0.lasts) = (2, 900) }
        #expect(try await chain.credentials().accessKeyID == "ASIA2CONTAINER")
    }

    @Test func `instead of refused ones others are found, where there are any`() async throws {
        let keys = "[default]\naws_access_key_id = a\naws_secret_access_key = "
        let desk = try Desk(Situation(name: "", credentials: keys + "one"))
        let chain = try await desk.chain()
        let old = try await chain.credentials()
        #expect(try await chain.credentials(insteadOf: old) == old)
        try desk.folder.write(".aws/credentials", keys + "two")
        #expect(try await chain.credentials() == old)
        let new = try await chain.credentials(insteadOf: old)
        #expect(new.secretAccessKey == "two")
        #expect(try await chain.credentials(insteadOf: old) == new)
    }

    @Test func `what has expired is told`() async throws {
        let variables = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
        ]
        let error = try await Desk(Situation(name: "", variables: variables)).failure()
        #expect(error.reason == "the credentials of the environment have expired (2020-01-01T00:00:00Z)")
    }

    @Test func `no secret and no token is shown`() async throws {
        let server = try await AWSCredentialServer.start()
        for situation in Situations.all {
            let desk = try Desk(situation, server.endpoint)
            do {
                let found = try await desk.credentials()
                for secret in found.secrets where secret.count >= 4 {
                    #expect(desk.parts.secrets.redact(secret) == "***")
                }
                #expect(!found.provider.contains("secret") && !found.provider.contains("111122223333"))
            } catch let error as AWSError {
                for word in ["user-secret", "env-secret", "portal-1", "web-2", "wrong\n"] {
                    #expect(!(error.reason + error.remedy).contains(word), "\(situation.name)")
                }
            }
        }
    }
}
