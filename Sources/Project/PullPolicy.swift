/// When a registry is asked what a base from elsewhere is now: `pull` of the configuration.

package import Dockerfile

/// The most eager comes last.
package enum PullPolicy: String, CaseIterable, Sendable {
    /// It is not: what has no pin can't be had.
    case never
    /// Where there is no pin.
    case missing
    /// Whenever a loop begins.
    case always

    fileprivate var eagerness: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Project {
    /// All from outside, each once.
    package var bases: [BaseName] {
        var all: [BaseName] = []
        for pin in images.flatMap(\.variants.pins) where !all.contains(pin.name) { all.append(pin.name) }
        return all
    }

    /// Of the images that name the base the most eager decides.
    package func pull(of base: BaseName) -> PullPolicy {
        images.filter { $0.variants.pins.contains { $0.name == base } }.map(\.building.pull)
            .max { $0.eagerness < $1.eagerness } ?? .always
    }
}
