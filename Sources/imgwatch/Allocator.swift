/// glibc's heap, which would keep what a large tree took for a moment.

import CLinux

enum Allocator {
    /// Before the first thread starts: fixed limits, as glibc raises both of its own by each large block that is freed,
    /// and then keeps tens of megabytes at the ends of its arenas, where ``trim()`` does not reach.
    static func setLimits() {
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
        mallopt(M_MMAP_THRESHOLD, 4 << 20)
        // Else what packing a large tree freed is put together by whoever frees a larger piece next: 10 ms of an edit.
        mallopt(M_MXFAST, 0)
    }

    /// Gives the free pages back that lie between others.
    static func trim() { malloc_trim(0) }
}
