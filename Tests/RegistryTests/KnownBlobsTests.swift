import OCI
import Synchronization
import Testing

@testable import Registry

@Suite struct KnownBlobsTests {
    private let blob = Digest.sha256(of: [1])

    @Test func `what was met is known for a while, in its repository`() {
        let clock = Mutex(Duration.zero)
        let known = KnownBlobs { clock.withLock { $0 } }
        #expect(!known.contains(blob, in: "a"))
        known.insert(blob, in: "a")
        #expect(known.contains(blob, in: "a"))
        #expect(!known.contains(blob, in: "b"))
        clock.withLock { $0 += RegistryLimits.knowledge }
        #expect(known.contains(blob, in: "a"))
        clock.withLock { $0 += .seconds(1) }
        #expect(!known.contains(blob, in: "a"))
        known.insert(blob, in: "a")
        #expect(known.contains(blob, in: "a"))
        known.forget("a")
        #expect(!known.contains(blob, in: "a"))
    }

    @Test func `a neighbour is another repository that has it, the first by name`() {
        let known = KnownBlobs { .zero }
        known.insert(blob, in: "b")
        #expect(known.repository(with: blob, besides: "b") == nil)
        #expect(known.repository(with: blob, besides: "x") == "b")
        known.insert(blob, in: "a")
        #expect(known.repository(with: blob, besides: "x") == "a")
        #expect(known.repository(with: blob, besides: "a") == "b")
        #expect(known.repository(with: .sha256(of: []), besides: "x") == nil)
    }
}
