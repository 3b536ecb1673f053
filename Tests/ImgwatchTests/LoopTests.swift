import Graph
import Testing

@testable import Engine
@testable import imgwatch

/// A run under way, as the loop steers it.
@Suite struct LoopTests {
    static let publication = Publication(key: "key", provenance: .none, destination: "", round: 1)

    private func run() -> ActiveRun {
        let start = Start(
            node: NodeID("app"),
            operation: OperationID(1),
            keying: OperationID(0),
            publication: Self.publication,
            cause: Cause(reason: .neverRan)
        )
        return ActiveRun(start, .step, at: ContinuousClock.now)
    }

    @Test func `the decision is the engine's, whether it comes before it is asked for or after`() async {
        let early = run()
        early.decide(Self.publication)
        #expect(await early.decision() == Self.publication)
        let late = run()
        async let decision = late.decision()
        late.decide(Self.publication)
        #expect(await decision == Self.publication)
    }

    @Test func `a cancelled run publishes nothing, whether it waits already or not`() async {
        let early = run()
        early.cancel()
        #expect(early.isCancelled)
        #expect(await early.decision() == nil)
        let late = run()
        async let decision = late.decision()
        late.cancel()
        #expect(await decision == nil)
    }

    @Test func `a bare base that can't be had may be meant for an image of the project`() {
        let asked = "no image of this project is called `bsae-ui`, so Docker Hub was asked"
        #expect(Loop.whyAsked("bsae-ui", ["base-ui", "web"]) == " (\(asked); did you mean `base-ui`?)")
        #expect(Loop.whyAsked("bsae-ui", ["web"]) == " (\(asked))")
        for name in ["a/b", "base:1", "base@sha256:00", "host.example"] { #expect(Loop.whyAsked(name, ["base"]) == "") }
    }

    @Test func `a process that comes after the cancellation is cancelled`() throws {
        let run = run()
        run.cancel()
        let child = try ChildProcess(ChildProcessTests.script("exec sleep 60"))
        run.onCancel { child.cancel() }
        child.release()
        #expect(child.wait { _, _ in } == .cancelled)
    }

    @Test func `a process that came before the cancellation is cancelled with it`() throws {
        let run = run()
        let child = try ChildProcess(ChildProcessTests.script("exec sleep 60"))
        run.onCancel { child.cancel() }
        child.release()
        run.cancel()
        #expect(child.wait { _, _ in } == .cancelled)
    }
}
