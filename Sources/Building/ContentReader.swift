/// Gives the bytes of a file of an image wherever they lie: in the context, in an archive, in a layer.

internal import Glibc
internal import OCI

/// Used by one build on one thread; keeps what it opened until it goes.
final class ContentReader {
    private let layout: ImageLayout
    private let tars: OpenTars
    private var open: [String: OpenTar] = [:]

    init(layout: ImageLayout, tars: OpenTars) { (self.layout, self.tars) = (layout, tars) }

    /// Calls `body` with a function that fills a buffer with the next bytes and gives their number, 0 at the end.
    func read<Result>(
        _ content: FileContent,
        _ body: (@escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Result
    ) throws -> Result {
        switch content.source {
        case .bytes(let bytes):
            var rest = bytes[...]
            return try body { buffer in
                let part = rest.prefix(buffer.count)
                buffer.copyBytes(from: part)
                rest = rest.dropFirst(part.count)
                return part.count
            }
        case .file(let path):
            let file = try InputFile(path: path, size: content.size)
            return try body { try file.read(into: $0) }
        case .archive(let path, let offset):
            return try body(Self.reading(try tar(path), at: offset, length: content.size))
        case .layer(let blob, let member):
            let tar = try layer(blob)
            guard let found = try tar.member(member) else {
                throw OCIError.missingBlob(blob, layout: layout.path)
            }
            return try body(Self.reading(tar, at: found.offset, length: content.size))
        case .layerPart(let blob, let offset):
            return try body(Self.reading(try layer(blob), at: offset, length: content.size))
        }
    }

    /// The text of a small file; bytes that are not UTF-8 are replaced.
    func text(of content: FileContent, limit: Int) throws(BuildProblem) -> String {
        do {
            let size = min(content.size, limit)
            let bytes = try read(content) { next in
                var bytes: [UInt8] = []
                let buffer = RawBuffer(byteCount: 1 << 16)
                while bytes.count < size {
                    let count = try next(buffer.bytes)
                    if count == 0 { break }
                    bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer.bytes.prefix(count)))
                }
                return bytes
            }
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw BuildProblem(reading: content, error)
        }
    }

    private func layer(_ blob: Digest) throws -> OpenTar {
        let path = layout.blobPath(blob)
        do throws(OCIError) { return try tar(path) } catch OCIError.fileSystem(_, path, ENOENT) {
            throw BuildProblem.layerMissing(blob)
        }
    }

    private func tar(_ path: String) throws(OCIError) -> OpenTar {
        if let known = open[path] { return known }
        let opened = try tars.open(path)
        open[path] = opened
        return opened
    }

    private static func reading(
        _ tar: OpenTar,
        at offset: Int,
        length: Int
    ) -> (UnsafeMutableRawBufferPointer) throws -> Int {
        var done = 0
        return { buffer in
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(length - done))
            let count = try tar.source.read(at: offset + done, into: part)
            done += count
            return count
        }
    }
}

extension BuildProblem {
    /// What an error means that came while a file's content was read or packed.
    init(reading content: FileContent, _ error: any Error) {
        switch (error, content.source) {
        case (let problem as BuildProblem, _): self = problem
        case (OCIError.contentEnded, .file(let path)), (OCIError.contentEnded, .archive(let path, _)),
            (OCIError.compressedArchive, .archive(let path, _)), (OCIError.malformed, .archive(let path, _)):
            self = .inputChanged(path)
        case (OCIError.fileSystem(_, let place, let code), .archive(let path, _)) where place == path:
            self = code == ENOENT ? .inputChanged(path) : .unreadable(path, String(cString: strerror(code)))
        case (let error as OCIError, _): self = .storage(error)
        default: self = BuildProblem("internal", "\(error)", remedy: "report it")
        }
    }
}

/// A regular file of the context, opened for one reading.
private struct InputFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Throws `input-changed` where there is no longer a regular file of that size, `input-unreadable` where it
    /// cannot be opened.
    init(path: String, size: Int) throws(BuildProblem) {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let isGone = [ENOENT, ENOTDIR, ELOOP, ENXIO].contains(errno)
            throw isGone ? .inputChanged(path) : .unreadable(path, String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == size else {
            close(descriptor)
            throw .inputChanged(path)
        }
        (self.descriptor, self.path) = (descriptor, path)
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(BuildProblem) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .unreadable(path, String(cString: strerror(errno))) }
        }
    }
}
