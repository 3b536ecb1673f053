/// Memory for bytes on their way between files and hashes, freed with its owner.

package struct RawBuffer: ~Copyable {
    package let bytes: UnsafeMutableRawBufferPointer

    package init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 16) }

    deinit { bytes.deallocate() }
}
