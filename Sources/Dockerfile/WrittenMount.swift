/// `RUN --mount=type=bind,from=build,source=/out`: fields between commas.

struct WrittenMount: Hashable, Sendable {
    var kind = Run.Mount.Kind.bind
    /// A stage, its number, or an image; as in `COPY --from`, no variable is replaced.
    var from: String?
    /// Not expanded.
    var source = ""
    var target = ""
    var id = ""
    var isRequired = false

    fileprivate static let fields = [
        "type", "from", "source", "src", "target", "dst", "destination", "readonly", "ro", "readwrite", "rw", "id",
        "sharing", "required", "size", "mode", "uid", "gid", "env",
    ]
}

extension InstructionReader {
    /// nil where a field is mistaken; what the engine alone has to do with is left to it.
    mutating func mount(_ text: String) -> WrittenMount? {
        var mount = WrittenMount()
        for field in Self.fields(of: text) {
            let (name, value) = field.cut(at: "=").map { ($0.before, $0.after) } ?? (field, "")
            switch name.lowercased() {
            case "type":
                guard let kind = Run.Mount.Kind(rawValue: value.lowercased()) else {
                    let known = Run.Mount.Kind.allCases.map(\.rawValue)
                    return mistaken(
                        "there is no mount of the type `\(value)`",
                        "The types are \(known.map { "`\($0)`" }.joined(separator: ", "))."
                            + Suggestion.sentence(for: value, among: known)
                    )
                }
                mount.kind = kind
            case "from":
                guard (try? Expansion(escape: escape).text(value, [:])) == value, !value.isEmpty else {
                    return mistaken(
                        "variables are not replaced in `from=\(value)`",
                        "Write `FROM \(value) AS name`, its `ARG` above the first FROM, and `from=name`."
                    )
                }
                mount.from = value
            case "source", "src": mount.source = value
            case "target", "dst", "destination": mount.target = value
            case "id": mount.id = value
            case "required": mount.isRequired = value.isEmpty || value.lowercased() == "true" || value == "1"
            case let other where WrittenMount.fields.contains(other): continue
            case let other:
                return mistaken(
                    "a mount has no field `\(other)`",
                    "Write it like `--mount=type=bind,source=src,target=/src`."
                        + Suggestion.sentence(for: other, among: WrittenMount.fields)
                )
            }
        }
        if mount.from != nil, ![.bind, .cache].contains(mount.kind) {
            return mistaken(
                "a mount of the type `\(mount.kind.rawValue)` has no `from`",
                "Leave `from` away, or write `type=bind`."
            )
        }
        return mount
    }

    private mutating func mistaken(_ reason: String, _ remedy: String) -> WrittenMount? {
        mistakes.append(Mistake("mount", "`--mount`: " + reason, remedy, at: "--mount"))
        return nil
    }

    /// The fields of one line of CSV: quoted, a field may hold commas, and a doubled quote is one.
    private static func fields(of text: String) -> [String] {
        var fields: [String.UnicodeScalarView] = [.init()]
        var isQuoted = false
        var wasQuote = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"":
                if wasQuote { fields[fields.count - 1].append(scalar) }
                isQuoted.toggle()
                wasQuote = !wasQuote && !isQuoted
                continue
            case "," where !isQuoted: fields.append(.init())
            default: fields[fields.count - 1].append(scalar)
            }
            wasQuote = false
        }
        return fields.map { String($0) }.filter { !$0.isEmpty }
    }
}
