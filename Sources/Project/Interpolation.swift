/// Fills `${NAME}` in the configuration's values, and finds what a shell command speaks of.

struct Interpolation {
    private let variables: Variables
    private(set) var faults: [Fault] = []

    enum Fault: Error, Equatable {
        case unclosed
        case unknown(String)
        /// The whole text between the braces.
        case form(String)
    }

    init(_ variables: Variables) { self.variables = variables }

    /// `${NAME}`, `${NAME:-default}` (also where it is empty), `${NAME-default}`, `$$`; any other `$` stays.
    mutating func expand(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            if character == "$", rest.first == "$" {
                rest.removeFirst()
                result.append("$")
            } else if character == "$", rest.first == "{" {
                rest.removeFirst()
                guard let body = Self.body(&rest) else {
                    faults.append(.unclosed)
                    return result
                }
                result += value(of: body)
            } else {
                result.append(character)
            }
        }
        return result
    }

    private mutating func value(of body: Substring) -> String {
        let name = body.prefix { $0.isASCII && $0.utf8.allSatisfy(Variables.isNameByte) }
        let operation = body[name.endIndex...]
        let known = variables[String(name)]
        guard Variables.isName(name) else {
            faults.append(.form(String(body)))
            return ""
        }
        if operation.isEmpty {
            if known == nil { faults.append(.unknown(String(name))) }
            return known ?? ""
        }
        if operation.hasPrefix(":-") {
            if let known, !known.isEmpty { return known }
            return expand(String(operation.dropFirst(2)))
        }
        if operation.hasPrefix("-") { return known ?? expand(String(operation.dropFirst())) }
        faults.append(.form(String(body)))
        return ""
    }

    /// What stands before the `}` that closes a `${`, which has been taken; nil where none does.
    private static func body(_ rest: inout Substring) -> Substring? {
        var depth = 1
        var end = rest.startIndex
        while end < rest.endIndex {
            let next = rest.index(after: end)
            if rest[end] == "$", next < rest.endIndex, rest[next] == "{" { depth += 1 }
            if rest[end] == "}" { depth -= 1 }
            if depth == 0 {
                defer { rest = rest[next...] }
                return rest[..<end]
            }
            end = next
        }
        return nil
    }

    /// The variables that a shell command speaks of, in order of first mention: `${NAME…}` that are known at all, and
    /// `$NAME` that only `.env` sets.
    ///
    /// Quotes are not looked at: a variable too many in the command's environment does no harm.
    static func mentions(in command: String, of variables: Variables) -> [String] {
        var found: [String] = []
        var rest = Substring(command)
        while let dollar = rest.firstIndex(of: "$") {
            rest = rest[dollar...].dropFirst()
            let isBraced = rest.first == "{"
            if isBraced { rest.removeFirst() }
            let name = String(rest.prefix { $0.isASCII && $0.utf8.allSatisfy(Variables.isNameByte) })
            let isWanted = isBraced ? variables[name] != nil : variables.isInFile(name)
            if isWanted, !found.contains(name) { found.append(name) }
        }
        return found
    }
}

extension Interpolation.Fault {
    func diagnostic(at place: Place, known: [String]) -> Diagnostic {
        switch self {
        case .unclosed:
            Diagnostic(
                id: Rule.variable.id,
                place: place,
                reason: "a `${` has no `}`",
                remedy: "Close it, or write `$$` for a dollar sign."
            )
        case .unknown(let name):
            Diagnostic(
                id: Rule.variable.id,
                place: place,
                reason: "the variable `\(name)` is set neither in the environment nor in `.env`",
                remedy: (Nearest.to(name, in: known).map { "Did you mean `\($0)`? " } ?? "")
                    + "Set it, or give a default: `${\(name):-…}`."
            )
        case .form(let body):
            Diagnostic(
                id: Rule.variable.id,
                place: place,
                reason: "`${\(body)}` is no form that is understood here",
                remedy: "Write `${NAME}`, `${NAME:-default}` or `${NAME-default}`; `$$` is a dollar sign."
            )
        }
    }
}
