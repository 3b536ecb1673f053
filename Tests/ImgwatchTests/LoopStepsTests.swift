import Dockerfile
import Graph
import Project
import Testing

@testable import imgwatch

@Suite struct LoopStepsTests {
    private func step(_ lines: String...) throws -> Step {
        let folder = try TemporaryFolder(["sub/": ""])
        let text = (["steps:", "  make:", "    outputs: out"] + lines.map { "    " + $0 }).joined(separator: "\n")
        return try #require(try folder.project(text + "\n").step(NodeID("make")))
    }

    @Test func `a text is the shell's, and a list is run as it is`() throws {
        let shell = StepCommand(try step("run: make $X && true"), root: "/root", environment: [:])
        #expect(shell.words == ["/bin/sh", "-c", "make $X && true"])
        let list = StepCommand(try step("run: [make, a b]"), root: "/root", environment: [:])
        #expect(list.words == ["make", "a b"])
    }

    @Test func `the step's variables come over the environment's, in one order`() throws {
        let command = StepCommand(
            try step("run: make", "env: { Z: own, A: first }"),
            root: "/root",
            environment: ["Z": "outer", "M": "outer", "PWD": "/elsewhere"]
        )
        #expect(command.environment == ["A=first", "M=outer", "PWD=/root", "Z=own"])
    }

    @Test func `it runs in its folder`() throws {
        #expect(StepCommand(try step("run: make"), root: "/root", environment: [:]).directory == "/root")
        let command = StepCommand(try step("run: make", "dir: sub", "timeout: 2s"), root: "/root", environment: [:])
        #expect(command.directory == "/root/sub")
        #expect(command.environment == ["PWD=/root/sub"])
        #expect(command.timeout == .seconds(2))
    }
}
