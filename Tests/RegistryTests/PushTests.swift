import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import Registry

/// Whole images, against docker-registry with faults, and against liars.
@Suite(.enabled(if: RegistryServer.isInstalled, "docker-registry is not installed"))
struct PushTests {
    /// A registry behind a proxy whose record begins now.
    private struct Scene {
        let registry: RegistryServer
        let proxy: FaultyProxy
        let person: Person
        let client: RegistryClient

        init() async throws {
            registry = try await RegistryServer.start()
            proxy = try await FaultyProxy.start(before: registry)
            person = try Person()
            client = try await person.client(proxy.address)
            try proxy.reset()
        }

        func methods() throws -> [String] {
            defer { try? proxy.reset() }
            return try proxy.requests().map(\.method)
        }
    }

    @Test func `what is new costs five requests, a second tag one, and the same again none for blobs`() async throws {
        let scene = try await Scene()
        let image = try SmallImage(["base"])
        try await scene.client.put(image.push(to: "it"))
        _ = try scene.methods()
        let edited = try SmallImage(["base", "edited"])
        var push = edited.push(to: "it")
        push.fresh = [edited.layers[1].digest, edited.configuration.digest]
        let report = try await scene.client.upload(push)
        #expect(try scene.methods().sorted() == ["POST", "POST", "PUT", "PUT"])
        #expect((report.sent.count, report.mounted.count) == (2, 0))
        #expect(report.sent.reduce(0) { $0 + $1.size } == edited.layers[1].size + edited.configuration.size)
        #expect(scene.registry.digest(of: "2", in: "it") == nil)
        try await scene.client.publish(push, as: "2")
        #expect(try scene.methods() == ["PUT"])
        try await scene.client.publish(push, as: "latest")
        #expect(try scene.methods() == ["PUT"])
        try await scene.client.put(push, as: ["2"])
        #expect(try scene.methods() == ["PUT"])
        for tag in ["2", "latest"] { #expect(scene.registry.holds(edited, tag, in: "it")) }
    }

    @Test func `what is not new is asked after, once`() async throws {
        let scene = try await Scene()
        let image = try SmallImage(["one", "two"])
        try await scene.client.put(image.push(to: "it"))
        #expect(try scene.methods().filter { $0 == "HEAD" }.count == 3)
        let other = try await Person().client(scene.proxy.address)
        try scene.proxy.reset()
        try await other.put(image.push(to: "it"))
        #expect(try scene.methods().sorted() == ["HEAD", "HEAD", "HEAD", "PUT"])
        // A layer that is there twice is one blob.
        let twice = try SmallImage(["same", "same"])
        try await scene.client.put(twice.push(to: "it", isFresh: true), as: ["2"])
        #expect(try scene.methods().count == 5)
    }

    @Test func `another repository's blobs are mounted, also those that are not here`() async throws {
        let scene = try await Scene()
        let base = try SmallImage(["base one", "base two"])
        try await scene.client.put(base.push(to: "team/base"))
        _ = try scene.methods()
        let image = try SmallImage(["base one", "base two", "mine"])
        var push = image.push(to: "it")
        push.fresh = [image.layers[2].digest, image.configuration.digest]
        try FileManager.default.removeItem(atPath: image.layout.blobPath(image.layers[0].digest))
        #expect(try await scene.client.put(push).mounted.count == 2)
        #expect(scene.registry.holds(image, "1", in: "it"))
        #expect(try scene.proxy.requests("POST", "mount=").map(\.status) == [201, 201])
        _ = try scene.methods()
        // Who never met it is told where it is.
        let stranger = try await Person().client(scene.proxy.address)
        var other = image.push(to: "other")
        other.neighbours = Dictionary(uniqueKeysWithValues: base.layers.map { ($0.digest, "team/base") })
        #expect(try await stranger.put(other).mounted.count == 2)
        #expect(scene.registry.holds(image, "1", in: "other"))
    }

    @Test func `what can neither be mounted nor is here is fetched, or the push fails`() async throws {
        let scene = try await Scene()
        let image = try SmallImage(["gone"])
        let bytes = try image.layout.readBlob(image.layers[0])
        let path = image.layout.blobPath(image.layers[0].digest)
        try FileManager.default.removeItem(atPath: path)
        var push = image.push(to: "it")
        push.neighbours = [image.layers[0].digest: "nowhere"]
        let failing = push
        let error = await failure { try await scene.client.put(failing) }
        #expect(error?.reason == "\(image.layers[0].digest) is not here")
        try scene.proxy.reset()
        push.fetch = { blob throws(RegistryError) in
            do { try Data(bytes).write(to: URL(filePath: path)) } catch { throw RegistryError("no", remedy: "none") }
        }
        let report = try await scene.client.put(push)
        #expect(report.sent.count >= 1)
        #expect(try scene.proxy.requests("POST", "mount=").count == 1)
        #expect(scene.registry.holds(image, "1", in: "it"))
    }

    @Test(arguments: [FaultRule.Blob.firstLayer, .lastLayer, .configuration])
    func `what vanished before the manifest came is sent again`(blob: FaultRule.Blob) async throws {
        let scene = try await Scene()
        let image = try SmallImage(["one", "two"])
        try scene.proxy.setRules([.drop(blob).on("PUT", "/manifests/")])
        try await scene.client.put(image.push(to: "it", isFresh: true))
        #expect(scene.registry.holds(image, "1", in: "it"))
        #expect(try scene.proxy.requests("PUT", "/manifests/").map(\.status) == [400, 201])
        #expect(try scene.proxy.requests("PUT", "digest=").count == 4)
        // The same where the tag shows that very image already.
        try scene.proxy.setRules([.drop(blob).on("PUT", "/manifests/")])
        try await scene.client.put(image.push(to: "it"))
        #expect(scene.registry.holds(image, "1", in: "it"))
    }

    @Test func `what one repository lost is sent again, however well it was known`() async throws {
        let scene = try await Scene()
        let image = try SmallImage(["one", "two"])
        try await scene.client.put(image.push(to: "it"))
        try scene.registry.removeBlob("\(image.layers[1].digest)")
        try await scene.client.put(image.push(to: "it"), as: ["2"])
        #expect(scene.registry.holds(image, "2", in: "it"))
    }

    enum Fault: CaseIterable {
        case error, busy, cutBefore, resetBefore, cutDuring, cutAfter, resetAfter, cutAnswer

        var rule: FaultRule {
            switch self {
            case .error: .answer(500)
            case .busy: .answer(429, headers: ["Retry-After": "1"])
            case .cutBefore: .cut(.start)
            case .resetBefore: .cut(.start, isReset: true)
            case .cutDuring: .cut(.request(1))
            case .cutAfter: .cut(.answered)
            case .resetAfter: .cut(.answered, isReset: true)
            case .cutAnswer: .cut(.response(0))
            }
        }
    }

    @Test(arguments: Fault.allCases) func `whichever request fails, a tag never shows what is not there`(
        fault: Fault
    ) async throws {
        let scene = try await Scene()
        for times in [1, 20] {
            for number in 1...7 {
                let repository = "it-\(times)-\(number)"
                let image = try SmallImage(["one \(repository) \(fault)", "two \(repository) \(fault)"])
                try scene.proxy.setRules([fault.rule.from(number).times(times)])
                let error = await failure {
                    try await scene.client.put(image.push(to: repository, isFresh: true))
                }
                let shown = scene.registry.digest(of: "1", in: repository)
                #expect(shown == nil || scene.registry.holds(image, "1", in: repository), "\(number)")
                #expect(error != nil || shown != nil, "\(number)")
                // One fault alone is got over.
                if times == 1 { #expect(error == nil, "\(number): \(String(describing: error))") }
                try scene.proxy.setRules([])
                try await scene.client.put(image.push(to: repository))
                #expect(scene.registry.holds(image, "1", in: repository), "\(number)")
            }
        }
    }

    @Test func `a push that is cancelled says so, and not what followed from it`() async throws {
        let scene = try await Scene()
        let image = try SmallImage((0..<8).map { "layer \($0)" })
        try scene.proxy.setRules([.hold().on("POST").always])
        let error = await withTaskGroup(of: RegistryError?.self) { group in
            group.addTask {
                await failure {
                    try await scene.client.put(image.push(to: "it", isFresh: true))
                }
            }
            _ = try? await scene.proxy.wait(for: "its beginning") { $0.count >= RegistryLimits.transfers }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error?.isCancelled == true)
        try scene.proxy.release()
        try scene.proxy.setRules([])
        try await scene.client.put(image.push(to: "it"))
        #expect(scene.registry.holds(image, "1", in: "it"))
    }

    @Test func `one failure ends the others, and is the reason`() async throws {
        let scene = try await Scene()
        let image = try SmallImage((0..<8).map { "layer \($0)" })
        try scene.proxy.setRules([.answer(403, text: "not you").on("POST").from(3), .hold().on("POST").always])
        let error = await failure {
            _ = try await scene.client.upload(image.push(to: "it", isFresh: true))
        }
        #expect(error?.status == 403)
        #expect(error?.reason.contains("not you") == true)
        try scene.proxy.release()
    }

    @Test(arguments: [400, 409, 412]) func `a tag that never moves may show the image already`(status: Int) async throws
    {
        let scene = try await Scene()
        let image = try SmallImage(["one"])
        try await scene.client.put(image.push(to: "it"))
        let refusal = FaultRule.answer(status, text: #"{"errors":[{"code":"TAG_INVALID","message":"immutable"}]}"#)
        try scene.proxy.setRules([refusal.on("PUT", "/manifests/").always])
        try await scene.client.put(image.push(to: "it"))
        let other = try SmallImage(["other"])
        let error = await failure { try await scene.client.put(other.push(to: "it")) }
        #expect(error?.codes == ["TAG_INVALID"])
        #expect(scene.registry.holds(image, "1", in: "it"))
    }

    @Test func `a manifest that the registry took for another is not published`() async throws {
        let scene = try await Scene()
        let image = try SmallImage(["one"])
        let other = "sha256:" + String(repeating: "1", count: 64)
        try scene.proxy.setRules([.rewrite(["Docker-Content-Digest": other]).on("PUT", "/manifests/")])
        // The tag itself shows that it was a slip of the tongue.
        try await scene.client.put(image.push(to: "it"))
        try scene.proxy.setRules([.rewrite(["Docker-Content-Digest": other]).on(nil, "/manifests/").always])
        let error = await failure { try await scene.client.put(image.push(to: "it")) }
        #expect(error?.isTransient == true)
        #expect(error?.reason.contains(other) == true)
        try scene.proxy.setRules([.rewrite(["Docker-Content-Digest": other]).on("PUT", "digest=").always])
        let fresh = try SmallImage(["fresh"])
        let wrong = await failure {
            try await scene.client.put(fresh.push(to: "new", isFresh: true))
        }
        #expect(wrong?.isTransient != true)
    }

    @Test(arguments: [
        (HostileRegistry.Mode.phantomBlobs, true), (.phantomMounts, true), (.noDigest, true), (.singlePost, true),
        (.smallPieces, true), (.staleRange, true), (.wrongDigest, false), (.noLocation, false), (.forbids, false),
        (.refusesManifests, false), (.nastyErrors, true), (.redirectsUploads, true), (.slow, true),
    ])
    func `a hostile registry has what it shows, or the push fails`(
        mode: HostileRegistry.Mode,
        goesWell: Bool
    ) async throws {
        let registry = try await HostileRegistry.start()
        let person = try Person(
            DockerConfiguration(auths: [registry.address: .password(user: "me", password: "geheim")])
        )
        let client = try await person.client(registry.address)
        try await client.put(SmallImage(["base"]).push(to: "base"))
        try registry.setModes([mode, .asksBasic])
        let image = try SmallImage(["base", "one \(mode)"])
        let error = await failure { try await client.put(image.push(to: "it")) }
        #expect((error == nil) == goesWell, "\(String(describing: error))")
        let shown = (error?.reason ?? "") + (error?.remedy ?? "")
        #expect(!shown.contains("geheim") && !shown.contains("bWU6Z2VoZWlt"))
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 0x202E })
        if goesWell {
            #expect(try registry.manifests().contains("it:1"))
            #expect(try Set(registry.blobs()).isSuperset(of: image.blobs.map { "\($0.digest)" }))
        }
    }
}
