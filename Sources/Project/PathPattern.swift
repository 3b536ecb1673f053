/// A pattern of the configuration's `inputs`: which paths of the project it names, compiled once, matched on bytes.

/// `*` and `?` stop at `/`, `[…]` is a class, `**` is any number of folders, `\` takes a character as it is.
///
/// A pattern that names a folder names all below it. Names that begin with a dot are names like any other, but
/// nothing of a folder called `.git` is named unless the pattern itself says `.git` (design: "`.git` is never an
/// input unless named").
package struct PathPattern: Hashable, Sendable {
    /// Relative to the root, clean, no trailing slash; `.` is the root.
    package let text: String
    /// Whether it was written with a trailing slash or ends in `/**`: it names what is below a folder, and not a file.
    package let namesFolder: Bool
    /// Whether it has no wildcard; ``staticPrefix`` is then the very path that it names.
    package let isLiteral: Bool
    /// The folder part before the first wildcard, the whole path of a literal one; "" is the root.
    ///
    /// Every path that the pattern names is this one or lies below it.
    package let staticPrefix: String
    package let place: Place
    private let tokens: [GlobToken]
    private let saysGit: Bool

    /// - Throws: `config-pattern` for text that is no pattern, `config-path` for one that leaves the project.
    package init(_ text: String, place: Place) throws(Diagnostic) {
        let glob: Glob
        do {
            glob = try Glob(text)
        } catch {
            throw error.diagnostic(of: text, at: place)
        }
        (self.text, self.namesFolder, self.isLiteral) = (glob.text, glob.namesFolder, glob.isLiteral)
        (self.staticPrefix, self.tokens, self.saysGit) = (glob.staticPrefix, glob.tokens, glob.saysGit)
        self.place = place
    }

    /// Whether the pattern names `path`, a path relative to the root.
    package func matches(_ path: String) -> Bool {
        if tokens.isEmpty { return saysGit || !GlobToken.holdsGit(path.utf8Span.span) }
        let bytes = path.utf8Span.span
        return GlobToken.run(tokens, over: bytes, wantsBelow: namesFolder, isFolder: false)
            && (saysGit || !GlobToken.holdsGit(bytes))
    }

    /// Whether the pattern would name `path` if that did not lie in a `.git` that the pattern does not say.
    package func leavesOutGit(_ path: String) -> Bool {
        let bytes = path.utf8Span.span
        guard !saysGit, GlobToken.holdsGit(bytes) else { return false }
        return tokens.isEmpty || GlobToken.run(tokens, over: bytes, wantsBelow: namesFolder, isFolder: false)
    }

    /// Whether the pattern could name a path below `directory` ("" is the root); if not, nothing there needs a watch.
    package func mayMatch(below directory: String) -> Bool {
        if directory.isEmpty || tokens.isEmpty { return saysGit || !GlobToken.holdsGit(directory.utf8Span.span) }
        let bytes = directory.utf8Span.span
        return GlobToken.run(tokens, over: bytes, wantsBelow: namesFolder, isFolder: true)
            && (saysGit || !GlobToken.holdsGit(bytes))
    }

    /// Whether the pattern may name something that `output` covers.
    ///
    /// An output that is not written as a folder is taken for a file, unless the pattern itself names a path below it.
    package func overlaps(_ output: OutputPath) -> Bool {
        if output.isDirectory { return mayMatch(below: output.path) }
        return matches(output.path) || output.covers(staticPrefix)
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.text == b.text && a.namesFolder == b.namesFolder && a.place == b.place
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(namesFolder)
        hasher.combine(place)
    }
}

/// One piece of a compiled pattern.
enum GlobToken: Hashable, Sendable {
    case byte(UInt8)
    /// `?`: one character but `/`.
    case any
    /// `*`: any characters but `/`.
    case star
    /// `**/`: no folder, or any number of them.
    case folders
    /// `[…]`: one character but `/`, in one of the ranges, or in none.
    case set([ClosedRange<UInt32>], isNegated: Bool)

    private static let slash = UInt8(ascii: "/")

    /// Whether `tokens` name the path `bytes` or a folder above it; of a folder, whether they could name what is below.
    ///
    /// Greedy, with the last `*` and the last `**` to go back to: a `*` ends at `/`, so no earlier one can still help,
    /// and what stands before a `**` has matched as far left as it can.
    static func run(_ tokens: [GlobToken], over bytes: borrowing Span<UInt8>, wantsBelow: Bool, isFolder: Bool) -> Bool
    {
        var token = 0
        var at = 0
        var star: (token: Int, at: Int)?
        var folders: (token: Int, at: Int)?
        while true {
            if token == tokens.count {
                if at == bytes.count ? isFolder || !wantsBelow : bytes[at] == slash { return true }
            } else if isFolder, at == bytes.count, tokens[token] == .byte(slash) {
                return true
            } else {
                switch tokens[token] {
                case .folders:
                    if isFolder { return true }
                    (folders, star) = ((token + 1, at), nil)
                    token += 1
                    continue
                case .star:
                    star = (token + 1, at)
                    token += 1
                    continue
                case let single:
                    if let length = single.length(in: bytes, at: at) {
                        if bytes[at] == slash { star = nil }
                        at += length
                        token += 1
                        continue
                    }
                }
            }
            if let last = star, last.at < bytes.count, bytes[last.at] != slash {
                star = (last.token, last.at + 1)
                (token, at) = (last.token, last.at + 1)
            } else if let last = folders, let next = afterSlash(in: bytes, from: last.at) {
                (folders, star) = ((last.token, next), nil)
                (token, at) = (last.token, next)
            } else {
                return false
            }
        }
    }

    /// How many bytes at `at` this token takes, if it is a single character's and takes that one.
    private func length(in bytes: borrowing Span<UInt8>, at: Int) -> Int? {
        guard at < bytes.count else { return nil }
        if case .byte(let byte) = self { return bytes[at] == byte ? 1 : nil }
        let first = bytes[at]
        guard first != Self.slash, first & 0xC0 != 0x80 else { return nil }
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard at + length <= bytes.count else { return nil }
        guard case .set(let ranges, let isNegated) = self else { return length }
        var scalar = UInt32(first) & [0, 0x7F, 0x1F, 0x0F, 0x07][length]
        for offset in 1..<max(length, 1) { scalar = scalar << 6 | UInt32(bytes[at + offset] & 0x3F) }
        return ranges.contains { $0.contains(scalar) } != isNegated ? length : nil
    }

    private static func afterSlash(in bytes: borrowing Span<UInt8>, from start: Int) -> Int? {
        var at = start
        while at < bytes.count {
            if bytes[at] == slash { return at + 1 }
            at += 1
        }
        return nil
    }

    /// Whether a folder or file called `.git` is part of the path.
    static func holdsGit(_ bytes: borrowing Span<UInt8>) -> Bool {
        var start = 0
        while start + 4 <= bytes.count {
            if bytes[start] == 0x2E, bytes[start + 1] == 0x67, bytes[start + 2] == 0x69, bytes[start + 3] == 0x74,
                start + 4 == bytes.count || bytes[start + 4] == slash
            {
                return true
            }
            guard let next = afterSlash(in: bytes, from: start) else { return false }
            start = next
        }
        return false
    }
}
