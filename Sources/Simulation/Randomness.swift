/// The only source of chance in the virtual world, so that one number names everything that happens in it.

/// SplitMix64 (Steele, Lea and Flood 2014): a generator whose whole state is its seed.
struct Randomness: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return digest(of: state)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(word() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func chance(_ percent: Int) -> Bool { word() % 100 < UInt64(percent) }

    /// - Precondition: `choices` is not empty.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[int(0...choices.count - 1)] }

    /// Up to `count` different choices, in random order.
    mutating func sample<Choice>(_ choices: [Choice], _ count: Int) -> [Choice] {
        var left = choices
        var taken: [Choice] = []
        while taken.count < count, !left.isEmpty { taken.append(left.remove(at: int(0...left.count - 1))) }
        return taken
    }
}

/// A hash that is the same in every process, unlike `Hasher`'s.
func digest(of word: UInt64) -> UInt64 {
    var mixed = word
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}

func digest(of words: [UInt64]) -> UInt64 {
    var mixed: UInt64 = 0x9E37_79B9_7F4A_7C15
    for word in words { mixed = digest(of: (mixed &* 31) ^ digest(of: word &+ 1)) }
    return mixed
}
