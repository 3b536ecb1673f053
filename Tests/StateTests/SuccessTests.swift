import State
import Testing

@Suite struct SuccessTests {
    @Test func `a node's success is replaced and voided`() throws {
        let store = try TemporaryState().open()
        let full = Success(
            key: "k'\"",
            outputs: "o",
            provenance: "abc 12 dirty",
            destination: "localhost:5180/ä",
            references: ["a", "b"],
            digest: "sha256:00"
        )
        try store.remember("image", full)
        try store.remember("step", Success(key: "k"))
        #expect(try store.successes() == ["image": full, "step": Success(key: "k")])
        try store.remember("image", Success(key: "next", references: ["c"]))
        #expect(try store.successes()["image"] == Success(key: "next", references: ["c"]))
        try store.remember("image", nil)
        try store.remember("never", nil)
        #expect(try store.successes() == ["image": Success(key: "", references: ["c"]), "step": Success(key: "k")])
        #expect(try store.successes().mapValues(\.isVoid) == ["image": true, "step": false])
    }
}
