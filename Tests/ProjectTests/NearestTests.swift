import Testing

@testable import Project

@Suite struct NearestTests {
    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("inptus", "inputs", 1), ("ab", "ba", 1), ("A", "a", 0),
        ("abc", "abc", 0), ("ca", "abc", 3),
    ])
    func `a distance counts edits, a swap of neighbours as one`(a: String, b: String, distance: Int) {
        #expect(Nearest.distance(a, b) == distance)
        #expect(Nearest.distance(b, a) == distance)
    }

    @Test(arguments: [
        ("inptus", "inputs"), ("results", nil), ("gen-cod", "gen-code"), ("zebra", nil), ("x", nil), ("Run", "run"),
    ])
    func `only a near word is meant`(word: String, near: String?) {
        #expect(Nearest.to(word, in: ["inputs", "gen-code", "run"]) == near)
    }
}
