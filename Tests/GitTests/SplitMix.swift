/// Randomness for tests that can be run again.

/// A small generator with a seed (SplitMix64), so that a failure can be run again.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// One to three of them.
    mutating func sample(_ values: [String]) -> [String] {
        let count = 1 + next(below: 3)
        return (0..<count).map { _ in values[next(below: values.count)] }
    }
}
