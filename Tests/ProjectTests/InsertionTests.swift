import Testing

@testable import Project

@Suite struct InsertionTests {
    @Test func `insertions go before what stands at their places now`() {
        let text = "ab\ncé d\n"
        let insertions = [
            Insertion(line: 2, column: 3, text: "<"), Insertion(line: 1, column: 1, text: ">"),
            Insertion(line: 1, column: 1, text: ">"), Insertion(line: 9, column: 1, text: "never"),
        ]
        #expect(Insertion.apply(insertions, to: text) == ">ab\ncé< d\n")
        let atEnd = [Insertion(line: 2, column: 1, text: "c\n")]
        #expect(Insertion.apply(atEnd, to: "ab\n") == "ab\nc\n")
        #expect(Insertion.apply(atEnd, to: "ab") == "ab\nc\n")
        #expect(Insertion.apply(atEnd, to: "") == "")
    }

    @Test(arguments: [
        ("a:\n    run: x\n    b: y\n", "a:\n    needs: [n, m]\n    run: x\n    b: y\n"),
        ("a: {run: x}\n", "a: {needs: [n, m], run: x}\n"),
        ("a:\n  needs: [o] # why\n", "a:\n  needs: [n, m, o] # why\n"),
        ("a:\n  needs: []\n", "a:\n  needs: [n, m]\n"),
        ("a:\n  needs: o # why\n", "a:\n  needs: [n, m, o] # why\n"),
        ("a:\n  needs:\n    - o\n    - p\n", "a:\n  needs:\n    - n\n    - m\n    - o\n    - p\n"),
        ("a:\n  needs:\n  -   o\n", "a:\n  needs:\n  -   n\n  - m\n  - o\n"),
        ("a:\n  needs: ${X}\n", "a:\n  needs: ${X}\n"),
        ("a:\n", "a:\n  needs: [n, m]\n"), ("a: # why\n\nb:\n", "a: # why\n  needs: [n, m]\n\nb:\n"),
        ("a:", "a:\n  needs: [n, m]\n"), ("a: &x\n", "a: &x\n"), ("a: ~\n", "a: ~\n"),
        ("{ a: }\n", "{ a: }\n"), ("{ a:\n}\n", "{ a:\n}\n"), ("{a}\n", "{a}\n"),
        ("a: {}\n", "a: { needs: [n, m] }\n"), ("a: {   } # why\n", "a: { needs: [n, m]    } # why\n"),
        ("a: !!map {}\n", "a: !!map {}\n"),
    ])
    func `needs are added in the way they are written`(text: String, expected: String) throws {
        var yaml = YAMLReader(file: "f")
        guard case .mapping(let entries) = yaml.read(text)?.content, let node = entries.first else {
            return #expect(Bool(false))
        }
        var fields: [String: Tree] = [:]
        if case .mapping(let keys) = node.value.content { for key in keys { fields[key.key] = key.value } }
        var reader = ProjectFileReader(root: "/", variables: Variables(process: ["X": "o"]))
        let site = reader.needs(fields["needs"], of: node)
        #expect(Insertion.apply(site.insertions(adding: ["n", "m"]), to: text) == expected)
    }
}
