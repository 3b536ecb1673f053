/// Sizes of stores as people write them: `500MB`, `20 GB`, `16GiB`.

enum SizeText {
    private static let units = [
        "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]

    /// In bytes; nil for what is no size, is nothing, or has no unit.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let number = Int(digits), number > 0, let factor = units[unit] else { return nil }
        let (size, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : size
    }
}
