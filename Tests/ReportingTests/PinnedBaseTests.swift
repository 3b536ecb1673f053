import Testing

@testable import Reporting

@Suite struct PinnedBaseTests {
    private static let now = Timestamp(milliseconds: 1_795_269_731_042)
    private static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    private static func daysAgo(_ days: Int64) -> Timestamp {
        Timestamp(milliseconds: now.milliseconds - days * 86_400_000)
    }

    private static let all: [(PinnedBase, String)] = [
        (
            PinnedBase(reference: "alpine:3", digest: digest, confirmed: daysAgo(3), created: daysAgo(90)),
            "alpine:3 sha256:0123456789ab confirmed 3 days ago, made 3 months ago"
        ),
        (
            PinnedBase(reference: "alpine:3", digest: digest, created: Timestamp(milliseconds: 0)),
            "alpine:3 sha256:0123456789ab confirmed at an unknown time"
        ),
        (PinnedBase(reference: "alpine:3", digest: nil), "alpine:3 is not pinned yet"),
        (
            PinnedBase(reference: "alpine@\(digest)", digest: digest, confirmed: daysAgo(9), created: daysAgo(2)),
            "alpine@\(digest), made 2 days ago"
        ),
    ]

    @Test(arguments: all) func `a base is told with its pin and its age`(base: PinnedBase, text: String) {
        #expect(base.text(at: Self.now) == text)
    }

    @Test func `a base that several images share has one line`() {
        let (alpine, debian) = (Self.all[0].0, PinnedBase(reference: "debian", digest: nil))
        let lines = PinnedBase.lines([("a", [alpine, debian]), ("none", []), ("b", [alpine])], at: Self.now)
        #expect(lines == ["\(Self.all[0].1), for a and b", "debian is not pinned yet, for a"])
    }
}
