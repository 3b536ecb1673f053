/// JSON as requests to AWS are written, and as its answers are read.

package import OCI

extension JSON {
    /// An object in the order of the pairs; those without a value are left out.
    package static func fields(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
        .object(pairs.compactMap { key, value in value.map { Member(key, $0) } })
    }

    /// With the members of another object behind its own.
    func adding(_ other: JSON) -> JSON { .object((members ?? []) + (other.members ?? [])) }

    /// Of a time: AWS writes seconds since 1970, with a fraction; some stand-ins write a date.
    package var seconds: Double? {
        guard case .number(let text) = self else { return nil }
        return Double(text)
    }
}
