/// The values of variables by their names, as the shell grammar of a Dockerfile has them: two names are the same where
/// their bytes are.

struct VariableTable: ExpressibleByDictionaryLiteral {
    private var values: [[UInt8]: String] = [:]

    init() {}

    /// Of several values of one name the last one counts.
    init(_ pairs: some Sequence<(String, String)>) { for (name, value) in pairs { self[name] = value } }

    init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }

    subscript(name: String) -> String? {
        get { values[Array(name.utf8)] }
        set { values[Array(name.utf8)] = newValue }
    }
}
