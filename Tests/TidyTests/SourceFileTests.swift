import Testing

/// The rules are only as good as their reading of a file.
@Suite struct SourceFileTests {
    static let text = #"""
        // A comment.
        @preconcurrency package import Glibc
        import struct Foundation.Date
        struct A {
            let address = "https://example.org" // an address
            func one() -> Int { 1 }
            @Test(arguments: [1, 2]) package static func several(
                a: Int
            ) {
                print(a)
            }
            var text: String {
                """
            }
                print("x") // no comment
                """
            }
            init() {}
        }
        protocol P {
            func required(a: Int) -> Int
            var name: String { get }
        }
        """#

    let file = SourceFile(path: "Sources/A/B.swift", text: text)

    @Test func `a function is as long as from its first line to its brace`() {
        #expect(file.functions.map(\.line) == [6, 7, 12, 18])
        #expect(file.functions.map(\.length) == [1, 5, 6, 1])
    }

    @Test func `imports are found in every form`() {
        #expect(file.imports.map(\.module) == ["Glibc", "Foundation"])
        #expect(file.imports.map(\.line) == [2, 3])
    }

    @Test func `what stands in a literal is neither code nor comment`() {
        #expect(file.lines(using: "print(") == [10])
        #expect(file.lines(using: "example") == [])
        #expect(file.comments[4] == "// an address")
        #expect(file.comments[14] == "")
    }

    @Test(arguments: [
        ("usleep(1)", "sleep(", false), ("sleep(1)", "sleep(", true), ("clock.sleep(1)", "sleep(", true),
        ("myTask { }", "Task {", false), ("_ = Task { }", "Task {", true), ("let b = a as! B", "as!", true),
    ])
    func `a word is not found at the end of a longer one`(line: String, word: String, isFound: Bool) {
        #expect(line.contains(word: word) == isFound)
    }

    @Test func `the file knows its place`() {
        #expect((file.area, file.module, file.name) == ("Sources", "A", "B.swift"))
    }
}
