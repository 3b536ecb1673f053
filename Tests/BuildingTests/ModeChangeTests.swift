import Testing

@testable import Building

@Suite struct ModeChangeTests {
    @Test(arguments: [
        ("755", 0o644, false, 0o755), ("0", 0o644, false, 0), ("7777", 0o644, true, 0o7777),
        ("0644", 0o755, true, 0o644),
        ("u+x", 0o644, false, 0o744), ("go-r", 0o644, false, 0o600), ("a=r", 0o4755, false, 0o444),
        ("=", 0o1755, false, 0o1000), ("u=rwX,go=rX", 0o640, false, 0o644), ("u=rwX,go=rX", 0o640, true, 0o755),
        ("+X", 0o654, false, 0o755), ("-X", 0o755, false, 0o644), ("g=u", 0o750, false, 0o770),
        ("o=g-w", 0o674, false, 0o675), ("u+s,g+s,+t", 0o755, true, 0o7755), ("o+s", 0o755, false, 0o755),
        ("ug=rw,o=", 0o755, false, 0o660), ("go=u-w", 0o700, true, 0o755), ("+rw", 0o000, false, 0o666),
        ("u=g,g=o,o=u", 0o421, false, 0o212), ("a-w+x", 0o666, false, 0o555),
        ("a=u", 0o644, false, 0o666), ("=u", 0o644, false, 0o666), ("u=gx", 0o644, false, 0o144),
        ("g=u", 0o2711, false, 0o2771), ("u=g", 0o4755, false, 0o4555), ("=t", 0o644, false, 0o1644),
        ("u=", 0o4755, false, 0o055), ("u=ug", 0o640, false, 0o440), ("u=xg", 0o640, false, 0o440),
        ("+rt", 0o000, false, 0o1000), ("a=rt", 0o755, false, 0o1444), ("go-u", 0o766, false, 0o700),
        ("o=t", 0o755, false, 0o750), ("u=X", 0o755, false, 0o155), ("u+o-o", 0o444, false, 0o044),
    ])
    func `modes are changed as chmod does`(text: String, old: UInt16, isDirectory: Bool, new: UInt16) throws {
        let changed = try ModeChange(text).apply(to: old, isDirectory: isDirectory)
        #expect(changed == new, "\(String(changed, radix: 8))")
    }

    @Test(arguments: ["", "8", "10000", "77777", "abc", "u", "u+,", "u+q", ",u+x", "u+x,", "0x1f", "-1", "1e3", "+-+ "])
    func `what is no mode is an error`(text: String) {
        let problem = #expect(throws: BuildProblem.self) { try ModeChange(text) }
        #expect(problem?.id == "copy-chmod-invalid")
    }
}
