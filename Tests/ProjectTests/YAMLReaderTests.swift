import Testing

@testable import Project

@Suite struct YAMLReaderTests {
    private func read(_ text: String) -> (tree: Tree?, problems: [Diagnostic]) {
        var reader = YAMLReader(file: "f")
        let tree = reader.read(text)
        return (tree, reader.problems)
    }

    @Test func `values have the places where they begin`() throws {
        let (tree, problems) = read("a: 1\nb:\n  - x\n  - {c: \"d\"}\n")
        guard case .mapping(let entries) = tree?.content, case .sequence(let items) = entries.last?.value.content,
            case .mapping(let inner) = items.last?.content
        else { return #expect(Bool(false), "\(String(describing: tree))") }
        #expect(problems.isEmpty)
        #expect(entries.map(\.key) == ["a", "b"])
        #expect(entries.map(\.place.line) == [1, 2])
        #expect(entries[0].value.place == Place(file: "f", line: 1, column: 4))
        #expect(entries[0].value.kind == .number)
        #expect(items.map(\.place.column) == [5, 5])
        #expect(items.map(\.style) == [.other, .flow])
        #expect(inner.first?.value.place == Place(file: "f", line: 4, column: 9))
        #expect(inner.first?.value.kind == .string)
    }

    @Test(arguments: [
        ("true", Tree.Kind.bool), ("False", .bool), ("yes", .string), ("on", .string), ("1", .number),
        ("1.10", .number),
        ("-3", .number), ("0x1F", .number), ("1e3", .number), ("1m30s", .string), ("inf", .string), ("", .null),
        ("~", .null), ("null", .null), ("a", .string), ("-", .string), (".5", .number), (".env", .string),
    ])
    func `an unquoted value has the type of YAML 1_2's core schema`(text: String, kind: Tree.Kind) {
        #expect(Tree.kind(of: text) == kind)
    }

    @Test(arguments: ["", " ", "# only a comment\n", "---\n", "{}", "a: b"])
    func `texts shorter than a string's inner storage are read`(text: String) {
        #expect(read(text).problems.isEmpty)
    }

    @Test func `every key that stands twice is reported, and the first is kept`() {
        let text = "a: 1\n'b': {x: 1, x: 2}\nb: 2\na: 3\na: 4\n"
        let (tree, problems) = read(text)
        #expect(problems.map(\.id).allSatisfy { $0 == "config-duplicate-key" })
        #expect(problems.map(\.place.text) == ["f:2:13", "f:3:1", "f:4:1", "f:5:1"])
        #expect(problems[3].reason == "`a` stands here again, after line 1")
        guard case .mapping(let entries) = tree?.content else { return #expect(Bool(false)) }
        #expect(entries.map(\.key) == ["a", "b"])
    }

    @Test(arguments: [
        ("a: [1, 2\nb: 3\n", "config-yaml", 2), ("a:\n\tb: 1\n", "config-tab", 2), ("a: 'x\n", "config-yaml", 2),
        ("a: 1\n---\nb: 2\n", "config-yaml", 2), ("a: *x\n", "config-yaml", 1), ("a: \u{7}\n", "config-yaml", 1),
        ("a: 1\n<<: {b: 2}\n", "config-yaml", 2), ("? [a, b]\n: 1\n", "config-type", 1),
        ("a: b: c\n", "config-yaml", 1),
    ])
    func `what is no YAML is reported where it goes wrong`(text: String, id: String, line: Int) throws {
        let problems = read(text).problems
        #expect(problems.map(\.id) == [id])
        #expect(problems.first?.place.line == line)
    }

    @Test func `a byte order mark takes no place`() {
        let (tree, problems) = read("\u{FEFF}a: 1\nb: 1\na: 2\n")
        guard case .mapping(let entries) = tree?.content else { return #expect(Bool(false)) }
        #expect(entries.map(\.place.text) == ["f:1:1", "f:2:1"])
        #expect(problems.map(\.place.text) == ["f:3:1"])
    }

    @Test func `an alias stands for its anchor's value`() {
        let (tree, problems) = read("a: &x {k: v}\nb: *x\n")
        guard case .mapping(let entries) = tree?.content else { return #expect(Bool(false)) }
        #expect(problems.isEmpty)
        #expect(entries.map { $0.value.kind } == [.mapping, .mapping])
    }

    @Test func `aliases of aliases end at a limit`() {
        var text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
        for level in 1...8 {
            let list = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(list)]\n"
        }
        #expect(read(text).problems.map(\.id) == ["config-too-large"])
    }
}
