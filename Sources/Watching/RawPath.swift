/// A path as the kernel has it, in bytes: two names that a `String` holds equal may be two files.

import Glibc

typealias FileName = [UInt8]

/// Absolute and normal: `/`, or `/a/b` without empty, `.` or `..` components.
struct RawPath: Hashable, Sendable {
    private static let slash = UInt8(ascii: "/")
    static let root = RawPath(bytes: [slash])

    private(set) var bytes: [UInt8]

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// A relative `path` starts at `base`; `..` takes the last component away, whether it is a link or not.
    init(_ path: some Collection<UInt8>, from base: RawPath = .root) {
        var components = path.first == Self.slash ? [] : base.components
        for part in path.split(separator: Self.slash) {
            if part.elementsEqual("..".utf8) {
                _ = components.popLast()
            } else if !part.elementsEqual(".".utf8) {
                components.append(FileName(part))
            }
        }
        self.init(components: components)
    }

    init(components: some Collection<FileName>) {
        bytes = []
        for component in components {
            bytes.append(Self.slash)
            bytes += component
        }
        if bytes.isEmpty { bytes = [Self.slash] }
    }

    var components: [FileName] { bytes.split(separator: Self.slash).map(FileName.init) }

    /// What leads from the directory to this path; nil where this lies elsewhere.
    func components(below directory: RawPath) -> ArraySlice<FileName>? {
        let (own, above) = (components, directory.components)
        return own.starts(with: above) ? own.dropFirst(above.count) : nil
    }

    /// The directories above, `/` first.
    var folders: some Sequence<RawPath> {
        bytes.indices.lazy.filter { self.bytes[$0] == Self.slash && self.bytes.count > 1 }.map {
            $0 == 0 ? Self.root : RawPath(bytes: Array(self.bytes[..<$0]))
        }
    }

    /// Whether ``text`` is the very path.
    var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func appending(_ name: FileName) -> RawPath {
        var joined: [UInt8] = []
        joined.reserveCapacity(bytes.count + name.count + 1)
        if bytes.count > 1 { joined += bytes }
        joined.append(Self.slash)
        joined += name
        return RawPath(bytes: joined)
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var terminated = bytes.map(CChar.init(bitPattern:))
        terminated.append(0)
        return terminated.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return body("") }
            return body(start)
        }
    }

    /// Where the symbolic link at this path leads to by one step; nil where there is none.
    ///
    /// The target need not exist.
    var linkTarget: RawPath? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = withCString { path in
            target.withUnsafeMutableBytes { buffer in
                guard let start = buffer.bindMemory(to: CChar.self).baseAddress else { return -1 }
                return readlink(path, start, buffer.count)
            }
        }
        guard count > 0, let folder = RawPath(components: components.dropLast()).resolved else { return nil }
        return RawPath(target.prefix(count), from: folder)
    }

    /// The path without symbolic links; nil where it does not exist.
    var resolved: RawPath? {
        guard let real = withCString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return RawPath(UnsafeBufferPointer(start: real, count: strlen(real)).map(UInt8.init(bitPattern:)))
    }
}
