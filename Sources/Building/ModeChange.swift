/// `--chmod`: octal, or symbolic with the rules of BSD's `setmode(3)` and no umask, which is what BuildKit uses.

struct ModeChange: Equatable {
    /// One `who op permissions`; several may share their `who`.
    private struct Clause: Equatable {
        enum Operand: Equatable {
            case bits(UInt16)
            /// `X`: execute for folders, and for files that somebody may execute.
            case executeIfExecutable
            /// A copy of the owner's, the group's or the others' bits, by the shift that brings them down.
            case classBits(shift: UInt16)
        }
        var who: UInt16
        var operation: Character
        var operands: [Operand]
    }

    /// Set for an octal mode.
    let absolute: UInt16?
    private let clauses: [Clause]

    /// The set-user, set-group and permission bits: what a clause without `who` changes, and `a`.
    private static let standard: UInt16 = 0o6777
    private static let sticky: UInt16 = 0o1000

    init(_ text: String) throws(BuildProblem) {
        if let number = UInt32(text, radix: 8), !text.hasPrefix("+") {
            guard number <= 0o7777 else { throw Self.problem(text) }
            (absolute, clauses) = (UInt16(number), [])
            return
        }
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { throw Self.problem(text) }
        var clauses: [Clause] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let parsed = Self.clauses(part) else { throw Self.problem(text) }
            clauses += parsed
        }
        (absolute, self.clauses) = (nil, clauses)
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
        for clause in clauses {
            if clause.operation == "=" { result &= ~(clause.who == 0 ? Self.standard : clause.who) }
            for operand in clause.operands {
                let bits =
                    Self.bits(operand, result, original: mode, isDirectory) & (clause.who == 0 ? 0o7777 : clause.who)
                if clause.operation == "-" { result &= ~bits } else { result |= bits }
            }
        }
        return result
    }

    private static func bits(
        _ operand: Clause.Operand,
        _ current: UInt16,
        original: UInt16,
        _ isDirectory: Bool
    ) -> UInt16 {
        switch operand {
        case .bits(let bits): bits
        case .executeIfExecutable: isDirectory || original & 0o111 != 0 ? 0o111 : 0
        case .classBits(let shift): (current >> shift & 0o7) * 0o111
        }
    }

    private static func clauses(_ text: Substring) -> [Clause]? {
        var rest = text
        var who: UInt16 = 0
        while let letter = rest.first, let bits = classes[letter] {
            who |= bits
            rest.removeFirst()
        }
        var result: [Clause] = []
        while let operation = rest.popFirst() {
            guard "+-=".contains(operation) else { return nil }
            var clause = Clause(who: who, operation: operation, operands: [])
            while let letter = rest.first, !"+-=".contains(letter) {
                guard let operand = operand(letter, &clause) else { return nil }
                clause.operands.append(operand)
                rest.removeFirst()
            }
            result.append(clause)
        }
        return result.isEmpty ? nil : result
    }

    private static let classes: [Character: UInt16] = ["a": standard, "u": 0o4700, "g": 0o2070, "o": 0o007]

    private static func operand(_ letter: Character, _ clause: inout Clause) -> Clause.Operand? {
        // Set-id and sticky bits mean nothing for the others alone.
        let isForOthersOnly = clause.who == 0o007
        switch letter {
        case "r": return .bits(0o444)
        case "w": return .bits(0o222)
        case "x": return .bits(0o111)
        case "X": return clause.operation == "-" ? .bits(0o111) : .executeIfExecutable
        case "s": return .bits(isForOthersOnly ? 0 : 0o6000)
        case "t":
            if !isForOthersOnly, clause.who != 0 { clause.who |= sticky }
            return .bits(isForOthersOnly ? 0 : sticky)
        case "u": return .classBits(shift: 6)
        case "g": return .classBits(shift: 3)
        case "o": return .classBits(shift: 0)
        default: return nil
        }
    }
}
