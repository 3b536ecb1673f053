/// `--chmod`: octal, or symbolic with the rules of BSD's `setmode(3)` and no umask, which is what BuildKit uses.

struct ModeChange: Equatable {
    /// What is done to a mode, one after the other.
    private enum Command: Equatable {
        case set(UInt16)
        case clear(UInt16)
        /// `X`: for folders, and for files that somebody may execute.
        case setIfExecutable(UInt16)
        /// Takes the bits of one class, by the shift that brings them down, to those of the others that are in `into`.
        case copy(shift: UInt16, into: UInt16, operation: Character)
    }

    /// Set for an octal mode.
    let absolute: UInt16?
    private let commands: [Command]

    /// The set-user, set-group and permission bits: what a clause without `who` changes, and `a`.
    private static let standard: UInt16 = 0o6777
    private static let others: UInt16 = 0o007
    private static let sticky: UInt16 = 0o1000

    init(_ text: String) throws(BuildProblem) {
        if let number = UInt32(text, radix: 8), !text.hasPrefix("+") {
            guard number <= 0o7777 else { throw Self.problem(text) }
            (absolute, commands) = (UInt16(number), [])
            return
        }
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { throw Self.problem(text) }
        var commands: [Command] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let parsed = Self.commands(part) else { throw Self.problem(text) }
            commands += parsed
        }
        (absolute, self.commands) = (nil, commands)
    }

    private static func problem(_ text: String) -> BuildProblem {
        BuildProblem(
            "copy-chmod-invalid",
            "--chmod=\(text) is no mode",
            remedy: "write an octal mode from 0 to 7777, or a symbolic one such as u=rwX,go=rX"
        )
    }

    func apply(to mode: UInt16, isDirectory: Bool) -> UInt16 {
        if let absolute { return absolute }
        var result = mode
        for command in commands {
            switch command {
            case .set(let bits): result |= bits
            case .clear(let bits): result &= ~bits
            case .setIfExecutable(let bits): if isDirectory || mode & 0o111 != 0 { result |= bits }
            case .copy(let shift, let mask, let operation):
                let bits = (result >> shift & 0o7) * 0o111 & mask
                if operation == "=" { result &= ~mask }
                if operation == "-" { result &= ~bits } else { result |= bits }
            }
        }
        return result
    }

    /// Of one clause, `who` and any number of `op permissions`.
    private static func commands(_ text: Substring) -> [Command]? {
        var rest = text
        var who: UInt16 = 0
        while let letter = rest.first, let bits = classes[letter] {
            who |= bits
            rest.removeFirst()
        }
        guard !rest.isEmpty else { return nil }
        var result: [Command] = []
        while let operation = rest.popFirst() {
            guard "+-=".contains(operation) else { return nil }
            var change = Change(operation: operation, who: who)
            while let letter = rest.first, !"+-=".contains(letter) {
                guard change.add(letter) else { return nil }
                rest.removeFirst()
            }
            result += change.finished
        }
        return result
    }

    private static let classes: [Character: UInt16] = ["a": standard, "u": 0o4700, "g": 0o2070, "o": others]

    /// One `op permissions` on its way: bits gather until a class is copied, or the end has come.
    private struct Change {
        let operation: Character
        var who: UInt16
        private var bits: UInt16 = 0
        private var executable: UInt16 = 0
        /// Whether `=` has cleared already what it replaces.
        private var isCleared = false
        private var commands: [Command] = []

        init(operation: Character, who: UInt16) { (self.operation, self.who) = (operation, who) }

        var finished: [Command] {
            var change = self
            change.flush(isEnd: true)
            return change.commands
        }

        /// false for a letter that means nothing.
        mutating func add(_ letter: Character) -> Bool {
            // Set-id and sticky bits mean nothing for the others alone.
            let isForOthersOnly = who != 0 && who & ~others == 0
            switch letter {
            case "r": bits |= 0o444
            case "w": bits |= 0o222
            case "x": bits |= 0o111
            case "X": if operation == "-" { bits |= 0o111 } else { executable = 0o111 }
            case "s": if !isForOthersOnly { bits |= 0o6000 }
            case "t":
                guard !isForOthersOnly else { break }
                // As in the original: a clause for nobody in particular is one for the sticky bit alone from here on.
                who |= sticky
                bits |= sticky
            case "u": copy(shift: 6)
            case "g": copy(shift: 3)
            case "o": copy(shift: 0)
            default: return false
            }
            return true
        }

        private mutating func copy(shift: UInt16) {
            flush(isEnd: false)
            let mask: UInt16 = who == 0 ? 0o777 : (who & 0o444) >> 2 * 0o7
            commands.append(.copy(shift: shift, into: mask, operation: operation))
        }

        private mutating func flush(isEnd: Bool) {
            if bits != 0 || isEnd && operation == "=" && !isCleared {
                let allowed = bits & (who == 0 ? 0o7777 : who)
                if operation == "=" { commands.append(.clear(who == 0 ? standard : who)) }
                commands.append(operation == "-" ? .clear(allowed) : .set(allowed))
            }
            if operation == "=" { isCleared = true }
            if executable != 0 { commands.append(.setIfExecutable(who == 0 ? executable : executable & who)) }
            (bits, executable) = (0, 0)
        }
    }
}
