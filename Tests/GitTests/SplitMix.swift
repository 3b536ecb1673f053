/// What random histories choose from.

import Rigs

extension SplitMix {
    /// One to three of them.
    mutating func sample(_ values: [String]) -> [String] {
        let count = 1 + next(below: 3)
        return (0..<count).map { _ in values[next(below: values.count)] }
    }
}
