/// Those who wait for a head, and those who go away.

import OCI
import Synchronization
import Testing

@testable import imgwatch

@Suite struct HeadBuildTests {
    private static let made = Descriptor(mediaType: MediaType.manifest, digest: .sha256(of: [1]), size: 1)

    @Test func `all who wait get what comes of it, early and late`() async throws {
        let build = HeadBuild(key: "k")
        async let one = build.value()
        async let two = build.value()
        while !build.isAwaited { await Task.yield() }
        build.finish(.success(Self.made))
        #expect(try await [one, two] == [Self.made, Self.made])
        #expect(try await build.value() == Self.made && !build.isAwaited)
        await build.end()
    }

    @Test func `who is cancelled goes away, and the build goes on`() async throws {
        let build = HeadBuild(key: "k")
        let waiting = Task { try await build.value() }
        while !build.isAwaited { await Task.yield() }
        waiting.cancel()
        #expect(await waiting.result.isCancelled)
        #expect(!build.isAwaited && !build.isCancelled)
        let late = Task { try await build.value() }
        while !build.isAwaited { await Task.yield() }
        build.finish(.success(Self.made))
        #expect(try await late.value == Self.made)
    }

    @Test func `what ends it is told at once, or when it is known`() async {
        let build = HeadBuild(key: "k")
        let ended = Mutex(0)
        build.cancel()
        build.onCancel { ended.withLock { $0 += 1 } }
        build.cancel()
        #expect(ended.withLock(\.self) == 2 && build.isCancelled)
        async let end: Void = build.end()
        build.finish(.failure(.cancelled))
        await end
        #expect(await Task { try await build.value() }.result.isCancelled)
    }
}

extension Result {
    fileprivate var isCancelled: Bool {
        if case .failure(let error) = self, case ImageProblem.cancelled? = error as? ImageProblem {
            true
        } else {
            false
        }
    }
}
