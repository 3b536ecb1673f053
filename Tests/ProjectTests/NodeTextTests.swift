import Testing

@testable import Project

@Suite struct NodeTextTests {
    private let text = """
        env: { A: 1 }
        steps:
          gen:
            run: make   # a comment
            inputs: [a, b]
        images:
          web: { push: false, target: "x" }
          api: {}
        """

    private func step(_ text: String) -> String? { Loader.text(of: "gen", in: text) }
    private func image(_ text: String) -> String? { Loader.text(of: "web", in: text) }

    @Test(arguments: [
        ("make   # a comment", "'make'"), ("[a, b]", "\n      - a\n      - b"), ("api: {}", "api: { push: false }"),
        ("api: {}", "other: {}"), ("target: \"x\"", "target: \"x\", deploy: { run: a }"),
        ("    run: make   # a comment\n    inputs: [a, b]", "    inputs: [a, b]\n    run: make"),
        ("env: { A: 1 }", "parallel: 3\nenv: { A: 1 }"),
    ])
    func `what says the same of a node gives the same text`(old: String, new: String) throws {
        let other = text.replacing(old, with: new)
        #expect(other != text)
        #expect([step(text), image(text)].allSatisfy { $0 != nil })
        #expect(step(other) == step(text))
        #expect(image(other) == image(text))
    }

    @Test(arguments: [("make", "gmake"), ("[a, b]", "[b, a]"), ("A: 1", "A: \"1\""), ("run: make", "run: [make]")])
    func `what says something else gives another`(old: String, new: String) throws {
        let other = text.replacing(old, with: new)
        #expect(step(other) != nil && step(other) != step(text))
        #expect(image(other) == image(text))
    }

    @Test func `what stands at the top for all images counts for each`() {
        for line in ["compression: zstd", "revision: true"] {
            let other = line + "\n" + text
            #expect(image(other) != image(text) && step(other) == step(text))
        }
    }

    @Test func `there is no text of what is not there`() {
        #expect(Loader.text(of: "nobody", in: text) == nil)
        #expect(Loader.text(of: "gen", in: "a: [") == nil)
        #expect(Loader.text(of: "gen", in: "") == nil)
    }
}
