/// The pieces of a compiled pattern, and the one matcher for ignore files and for the sources of COPY.

enum GlobToken: Hashable, Sendable {
    case byte(UInt8)
    /// `?`: one character but `/`.
    case one
    /// `*`: any number of them.
    case many
    /// `[…]`: one character but `/` of these ranges, or of the others.
    case set([ClosedRange<UInt32>], isNegated: Bool)
    /// `**/`: nothing, or anything that ends with `/`.
    case directories
    /// `**` at the end: anything.
    case everything
    /// An unescaped `^` in an ignore file means a text's beginning there, as in the reference implementation.
    case start
}

struct GlobMatcher: Hashable, Sendable {
    var tokens: [GlobToken] = []

    mutating func append(_ scalar: Unicode.Scalar) {
        tokens += UTF8.encode(scalar).map { $0.map(GlobToken.byte) } ?? []
    }

    /// A place in the pattern and one in the path.
    private typealias State = (token: Int, position: Int)

    /// Whether the whole path fits or, where that is allowed, a folder above it.
    func matches(_ path: UnsafeBufferPointer<UInt8>, allowsParent: Bool = false) -> Bool {
        matches(path, allowsParent, from: (0, 0), directories: nil)
    }

    /// A `*` and a `**/` that match less leave more to what follows, so only the last of each has to be tried again.
    private func matches(
        _ path: UnsafeBufferPointer<UInt8>,
        _ allowsParent: Bool,
        from start: State,
        directories first: State?
    ) -> Bool {
        var (token, position) = start
        var (many, directories): (State?, State?) = (nil, first)
        while true {
            if token == tokens.count {
                if position == path.count || allowsParent && path[position] == Self.slash { return true }
            } else {
                switch tokens[token] {
                case .everything: return true
                case .many: many = (token + 1, position)
                case .directories where beginsName(token): (directories, many) = ((token + 1, position), nil)
                case .directories:
                    // Within a name (`a**b`) it may match nothing at a place where an earlier one could not.
                    let next = (token + 1, position)
                    if matches(path, allowsParent, from: next, directories: next) { return true }
                default: break
                }
                if let length = length(of: token, in: path, at: position) {
                    token += 1
                    position += length
                    continue
                }
            }
            if let last = many, last.position < path.count, path[last.position] != Self.slash {
                many = (last.token, last.position + Self.scalarLength(path[last.position]))
            } else if let last = directories, let slash = path[last.position...].firstIndex(of: Self.slash) {
                (directories, many) = ((last.token, slash + 1), nil)
            } else {
                return false
            }
            (token, position) = many ?? directories ?? start
        }
    }

    private static let slash = UInt8(ascii: "/")

    private func beginsName(_ token: Int) -> Bool {
        token == 0 || tokens[token - 1] == .byte(Self.slash) || tokens[token - 1] == .directories
    }

    /// How many bytes the token takes here at least; nil where it does not match.
    private func length(of index: Int, in path: UnsafeBufferPointer<UInt8>, at position: Int) -> Int? {
        switch tokens[index] {
        case .many, .everything: return 0
        case .directories: return beginsName(index) ? 0 : nil
        case .start: return position == 0 ? 0 : nil
        case .byte(let wanted): return position < path.count && path[position] == wanted ? 1 : nil
        case .one, .set: break
        }
        guard position < path.count, path[position] != Self.slash else { return nil }
        let length = Self.scalarLength(path[position])
        if case .set(let ranges, let isNegated) = tokens[index] {
            let scalar = Self.scalar(path[position..<min(position + length, path.count)])
            if ranges.contains(where: { $0.contains(scalar) }) == isNegated { return nil }
        }
        return length
    }

    private static func scalarLength(_ lead: UInt8) -> Int { lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

    private static func scalar(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32 {
        guard let lead = bytes.first, lead >= 0xC0 else { return UInt32(bytes.first ?? 0) }
        let mask: UInt8 = bytes.count == 2 ? 0x1F : bytes.count == 3 ? 0x0F : 0x07
        return bytes.dropFirst().reduce(UInt32(lead & mask)) { $0 << 6 | UInt32($1 & 0x3F) }
    }
}

extension GlobToken {
    /// What stands behind a `[`, by the grammar of Go's `filepath.Match`.
    static func set(_ scanner: inout ScalarScanner) throws(Mistake) -> GlobToken {
        let isNegated = scanner.skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        repeat {
            let low = try setMember(&scanner)
            let high = scanner.skip("-") ? try setMember(&scanner) : low
            // A range the wrong way round holds nothing.
            if low <= high { ranges.append(low.value...high.value) }
        } while !scanner.skip("]")
        return .set(ranges, isNegated: isNegated)
    }

    private static func setMember(_ scanner: inout ScalarScanner) throws(Mistake) -> Unicode.Scalar {
        let bad = Mistake(
            "pattern",
            "a `[…]` in the pattern is not complete",
            "Write it like `[a-z]`, or `\\[` for the character itself."
        )
        guard let scalar = scanner.next(), scalar != "-", scalar != "]" else { throw bad }
        guard scalar == "\\" else { return scalar }
        guard let escaped = scanner.next() else { throw bad }
        return escaped
    }

    /// What stands behind a `\`.
    static func escaped(_ scanner: inout ScalarScanner) throws(Mistake) -> Unicode.Scalar {
        guard let scalar = scanner.next() else {
            throw Mistake("pattern", "the pattern ends with a `\\`", "Write `\\\\` for the character itself.")
        }
        return scalar
    }
}
