import Foundation
import Rigs
import Testing

/// The loop is ended from outside: cleanly, or at once where the user insists; and there is one loop a project.
@Suite(.serialized) struct SignalTests {
    /// The loop while the step `left` runs.
    private func running(
        _ text: String,
        _ words: [String] = ["up"]
    ) async throws -> (TemporaryProject, RunningLoop, RunMark) {
        let project = try Branches.project(["left": text])
        let mark = RunMark()
        let loop = try RunningLoop(project, words, environment: mark.environment)
        _ = try await loop.group(of: "left")
        try await loop.wait(for: "pushed", node: "right-image")
        return (project, loop, mark)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal ends the steps and then the loop, and nothing is half published`(signal: Int32) async throws {
        let (project, loop, mark) = try await running("slow 60")
        #expect(!mark.steps().isEmpty)
        kill(loop.process.processIdentifier, signal)
        #expect(try await loop.exit() == 0)
        #expect(loop.process.terminationReason == .exit)
        #expect(mark.steps().isEmpty)
        let names = try PublishedNames(in: project.store())
        #expect(names.digests.keys.allSatisfy { $0.hasPrefix("right-image:") })
        try names.check()
        #expect(loop.lines.nodes("pushed") == ["right-image"])
        #expect(!loop.lines.nodes("failed").contains("left"), "a run that was ended for the user did not fail")

        try project.write("left.txt", "one")
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0)
        #expect(build.events.nodes("started").filter { $0.hasPrefix("right") }.isEmpty)
    }

    @Test func `a second interrupt ends at once, although a step ignores the first`() async throws {
        let (_, loop, mark) = try await running("stubborn")
        loop.interrupt()
        // The clean way would take the grace period, and exit with 0.
        while loop.process.isRunning {
            for _ in 0..<20 { await Pause.short() }
            loop.interrupt()
        }
        #expect(try await loop.exit() == 1)
        for _ in 0..<400 where !mark.steps().isEmpty { await Pause.short() }
        #expect(mark.steps().isEmpty)
    }

    @Test func `one interrupt is enough also for a step that ignores it`() async throws {
        let (_, loop, mark) = try await running("stubborn")
        #expect(try await loop.end() == 0)
        #expect(mark.steps().isEmpty)
    }

    @Test func `an interrupted build has failed`() async throws {
        let (project, loop, mark) = try await running("slow 60", ["build"])
        #expect(try await loop.end() == 1)
        #expect(mark.steps().isEmpty)
        #expect(try PublishedNames(in: project.store()).digests.keys.allSatisfy { $0.hasPrefix("right-image:") })
    }

    @Test func `stop ends a loop that is still starting, since a base's registry does not answer`() async throws {
        let silent = try SilentServer()
        let project = try TemporaryProject([
            ".imgwatch": "images:\n  app: {}\n", "Dockerfile": "FROM \(silent.address)/base:1\nCOPY a.txt /\n",
            "a.txt": "a",
        ])
        let loop = try RunningLoop(project)
        _ = try await Waiting.until("the base is asked for") { silent.wasAsked ? true : nil }
        let stop = try project.imgwatch("stop")
        #expect(stop.status == 0 && stop.output == "process \(loop.process.processIdentifier) has ended\n")
        #expect(try await loop.exit() == 0)
        #expect(!loop.lines.contains { $0.event == "ready" })
        try project.write("Dockerfile", "FROM scratch\nCOPY a.txt /\n")
        #expect(try project.imgwatch("build").status == 0, "the project is free")
    }

    @Test(arguments: ["build", "up"])
    func `a second one is refused, and told which process has the project`(word: String) async throws {
        let (project, loop) = try await Branches.started()
        let before = loop.mark
        let second = try project.imgwatch(word)
        #expect(second.status == 1)
        #expect(second.output.isEmpty)
        #expect(second.errors.contains("\(loop.process.processIdentifier)"))
        for word in ["plan", "check", "graph"] { #expect(try project.imgwatch(word).status == 0, "\(word)") }
        #expect(loop.mark == before, "the loop saw what another process only read")
        try await loop.end()
        #expect(try project.imgwatch("build").status == 0)
    }
}
