import Foundation
import Rigs
import Testing

/// Without a mode it is a registry; with one, it does what the mode says.
@Suite(.enabled(if: Skopeo.isInstalled && Curl.isInstalled, "skopeo or curl is not installed"))
struct HostileRegistryTests {
    private func push(_ images: OCILayoutFixture, _ address: String) async throws -> MachineProgram.Outcome {
        try await Skopeo().run([
            "--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false", images.reference(to: "it"),
            "docker://\(address)/it:1",
        ])
    }

    @Test func `skopeo can push to it, and elsewhere gets what is meant for it`() async throws {
        let images = try await OCILayoutFixture.make(["it": .platforms])
        let registry = try await HostileRegistry.start()
        let outcome = try await push(images, registry.address)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try registry.manifests().contains("it:1"))
        #expect(try registry.blobs().count == 4)
        #expect(try registry.requests(to: .elsewhere).isEmpty)
        try registry.setModes([.redirectsBlobs])
        let folder = try RigFolder()
        let pull = try await Skopeo().run([
            "--insecure-policy", "copy", "--quiet", "--all", "--src-tls-verify=false",
            "docker://\(registry.address)/it:1", "oci:\(folder.path)/layout:it",
        ])
        #expect(pull.status == 0, "\(pull.errors)")
        #expect(try registry.requests(to: .elsewhere).contains { $0.path.contains("/blobs/") })
    }

    @Test func `uploads lead elsewhere, and so does the way to a token`() async throws {
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        let uploads = try await HostileRegistry.start([.redirectsUploads])
        _ = try await push(images, uploads.address)
        #expect(try uploads.requests(to: .elsewhere).contains { $0.method == "PATCH" || $0.method == "PUT" })
        let realm = try await HostileRegistry.start([.foreignRealm])
        let challenge = try await Curl.send("GET", "http://\(realm.address)/v2/", ["--include"])
        #expect(challenge.status == 401)
        #expect(challenge.text.contains("Bearer realm=\"\(realm.elsewhere)/token\""))
        #expect(try await Curl.send("GET", realm.elsewhere + "/token").text.contains("any"))
        #expect(try realm.requests(to: .elsewhere).map(\.path) == ["/token"])
    }

    @Test func `what it says it has, it has not`() async throws {
        let images = try await OCILayoutFixture.make(["it": .file("it\n")])
        let registry = try await HostileRegistry.start([.forgetful])
        #expect(try await push(images, registry.address).status == 0)
        #expect(try registry.blobs() == [])
        try registry.setModes([.phantomBlobs])
        let refused = try await push(images, registry.address)
        #expect(refused.status != 0)
        #expect(try registry.requests().last?.path.contains("/manifests/") == true)
    }

    /// What curl says: 1 and 8 no HTTP, 27 no room, 28 too late, 47 in circles, 52 nothing, 56 broken, 63 too large.
    @Test(arguments: [
        (HostileRegistry.Mode.endlessError, [63, 28]), (.silent, [28]), (.hugeLength, [63, 28]),
        (.garbage, [1, 8, 52]),
        (.headerFlood, [56, 28]), (.longHeader, [27, 56]), (.redirectsInCircles, [47]),
    ])
    func `no answer is as one expects it`(mode: HostileRegistry.Mode, exits: [Int32]) async throws {
        let registry = try await HostileRegistry.start([mode])
        let words = ["--location", "--max-filesize", "1000000", "--output", "/dev/null"]
        let answer = try await Curl.send("GET", "http://\(registry.address)/v2/", words, seconds: 2)
        #expect(exits.contains(answer.exit), "\(answer)")
    }

    @Test func `every mode is known`() async throws {
        let registry = try await HostileRegistry.start()
        for mode in HostileRegistry.Mode.allCases { try registry.setModes([mode]) }
    }
}
