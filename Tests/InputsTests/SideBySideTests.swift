import Synchronization
import Testing

@testable import Inputs

@Suite struct SideBySideTests {
    @Test(arguments: [0, 1, 2, 50, 101]) func `every part is done once, also when each is divided again`(count: Int) {
        let done = Mutex<[Int: Int]>([:])
        SideBySide.perform(count) { outer in
            SideBySide.perform(count) { inner in done.withLock { $0[outer * count + inner, default: 0] += 1 } }
        }
        #expect(SideBySide.filter(Array(0..<count)) { $0 % 3 == 1 } == (0..<count).filter { $0 % 3 == 1 })
        #expect(done.withLock(\.self) == Dictionary(uniqueKeysWithValues: (0..<count * count).map { ($0, 1) }))
    }
}
