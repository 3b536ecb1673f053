/// What a client may ask for of a blob of ten bytes.

import Testing

@testable import Serving

@Suite struct ByteRangeTests {
    @Test(arguments: [
        (nil as String?, ByteRange.whole), ("bytes=0-3", .part(0..<4)), ("Bytes=2-2", .part(2..<3)),
        ("bytes=0-99", .part(0..<10)),
        ("bytes=4-", .part(4..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-99", .part(0..<10)),
        ("bytes=10-", .unsatisfiable), ("bytes=10-12", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ("bytes=3-2", .whole), ("bytes=0-1,4-5", .whole), ("lines=0-1", .whole), ("bytes", .whole), ("bytes=", .whole),
        ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=+1-2", .whole), ("bytes=1-2-3", .whole),
        ("bytes=99999999999999999999-", .whole), ("bytes=0-99999999999999999999", .whole),
        ("bytes=0-9223372036854775807", .part(0..<10)), ("bytes=9223372036854775807-", .unsatisfiable),
    ])
    func `a header is a part, or is ignored, or can't be satisfied`(header: String?, range: ByteRange) {
        #expect(ByteRange(header: header, size: 10) == range)
    }

    @Test(arguments: [("bytes=0-" as String?, ByteRange.unsatisfiable), ("bytes=-1", .unsatisfiable), (nil, .whole)])
    func `an empty blob has no parts`(header: String?, range: ByteRange) {
        #expect(ByteRange(header: header, size: 0) == range)
    }

    @Test(arguments: [
        (ByteRange.whole, nil as String?), (.part(2..<5), "bytes 2-4/10"), (.unsatisfiable, "bytes */10"),
    ])
    func `the answer tells the part`(range: ByteRange, header: String?) {
        #expect(range.contentRange(size: 10) == header)
    }
}
