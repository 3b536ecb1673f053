import Testing

@testable import Simulation

@Suite struct RandomnessTests {
    @Test func `a seed names its numbers`() {
        var one = Randomness(seed: 7)
        var other = Randomness(seed: 7)
        #expect((0..<100).map { _ in one.word() } == (0..<100).map { _ in other.word() })
        var third = Randomness(seed: 8)
        #expect(one.word() != third.word())
    }

    @Test func `numbers lie in their range, and reach both of its ends`() {
        var random = Randomness(seed: 1)
        let numbers = Set((0..<500).map { _ in random.int(3...7) })
        #expect(numbers == [3, 4, 5, 6, 7])
    }

    @Test func `a sample has no element twice, and no more than there are`() {
        var random = Randomness(seed: 2)
        for count in 0...6 {
            let sample = random.sample([1, 2, 3, 4], count)
            #expect(sample.count == min(count, 4))
            #expect(Set(sample).count == sample.count)
        }
    }
}
