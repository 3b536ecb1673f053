import Glibc
import Testing

@testable import Watching

@Suite struct InotifyEventTests {
    /// As the kernel writes it: the name ends with a NUL and is padded to a multiple of 16 bytes.
    private func bytes(watch: Int32, mask: UInt32, name: String = "") -> [UInt8] {
        let length = name.isEmpty ? 0 : (name.utf8.count / 16 + 1) * 16
        let header: [UInt32] = [UInt32(bitPattern: watch), mask, 7, UInt32(length)]
        let field = Array(name.utf8) + [UInt8](repeating: 0, count: length - name.utf8.count)
        return header.flatMap { word in withUnsafeBytes(of: word) { Array($0) } } + field
    }

    @Test(arguments: ["", "a", "fifteen letters", "sixteen letters!", "one more than 16."])
    func `events are read one after the other, whatever the length of a name`(name: String) {
        let first = bytes(watch: 3, mask: UInt32(IN_CREATE | IN_ISDIR), name: name)
        let events = InotifyEvent.parse(first + bytes(watch: 4, mask: UInt32(IN_DELETE_SELF)))
        #expect(
            events == [
                InotifyEvent(watch: 3, mask: 0x4000_0100, cookie: 7, name: name.isEmpty ? nil : Array(name.utf8)),
                InotifyEvent(watch: 4, mask: 0x400, cookie: 7, name: nil),
            ]
        )
    }

    @Test func `an overflow has no watch`() {
        let events = InotifyEvent.parse(bytes(watch: -1, mask: UInt32(IN_Q_OVERFLOW)))
        #expect(events.map(\.isOverflow) == [true])
        #expect(events.first?.watch == -1)
    }

    @Test(arguments: [0, 1, 15, 16, 20]) func `what is cut off does not end the program`(count: Int) {
        let events = InotifyEvent.parse(Array(bytes(watch: 1, mask: 2, name: "name").prefix(count)))
        #expect(events.count == (count < 16 ? 0 : 1))
    }
}
