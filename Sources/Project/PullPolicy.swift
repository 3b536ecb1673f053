/// When a registry is asked what a base from elsewhere is now: `pull` of the configuration.

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
    /// Of the images that name the base the most eager decides.
    package func pull(of reference: String) -> PullPolicy {
        images.filter { $0.externalBases.contains { $0.reference == reference } }.map(\.building.pull)
            .max { $0.eagerness < $1.eagerness } ?? .always
    }
}
