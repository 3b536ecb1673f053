/// A copy of a file that somebody else may change at any moment, for as long as it is read.

package final class PrivateCopy: Sendable {
    private let file: TemporaryFile
    /// Where the copy is.
    package var path: String { file.path }

    /// The file as it is now, in a layout's folder; it goes with its owner, and with the process.
    package init(of source: String, in layout: ImageLayout) throws(OCIError) {
        let reader = try FileReader(path: source)
        file = try TemporaryFile(in: layout.path)
        let buffer = RawBuffer(byteCount: 1 << 18)
        while true {
            let count = try reader.read(into: buffer.bytes)
            if count == 0 { return }
            try file.write(UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count)))
        }
    }
}
