import Foundation
import Glibc
import Testing
import Watching

@Suite struct WatchUsageTests {
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/fdinfo"), "there is no /proc"))
    func `what this process watches is counted, under its name`() throws {
        let site = try Site(tree: "mkdir $(seq 1 300)")
        let usage = WatchUsage.now
        let own = try #require(usage.consumers.first { $0.process == getpid() })
        #expect(own.count >= site.watcher.watchCount)
        #expect(!own.name.isEmpty && !own.name.contains("\n"))
        #expect(usage.used >= own.count)
        #expect(try #require(usage.limit) > 0)
        let counts = usage.consumers.map { $0.count }
        #expect(counts == counts.sorted(by: >))
        #expect(usage.consumers.allSatisfy { $0.instances > 0 })
        #expect(try #require(usage.instanceLimit) > 0)
    }
}
