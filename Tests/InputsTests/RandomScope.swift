/// Random paths, patterns and ignore files, over so few names that they meet.

import Dockerfile
import Graph
import Project
import Rigs

@testable import Inputs

struct RandomScope {
    static let names = ["a", "ab", "b.c", ".git", "c"]
    private static let parts = ["a", "ab", "b.c", ".git", "c", "*", "a*", "*.c", "?", "[ab]", "[a-b]*", "**", "**"]
    private var random: SplitMix
    /// What the latest scope is made of, for messages.
    private(set) var text = ""

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    /// Every path of up to four of the names.
    static let universe: [String] = {
        var all = names
        var last = names
        for _ in 1..<4 {
            last = last.flatMap { folder in names.map { "\(folder)/\($0)" } }
            all += last
        }
        return all
    }()

    private mutating func pick<Element>(_ all: [Element]) -> Element {
        all[Int.random(in: all.indices, using: &random)]
    }

    private mutating func join(_ parts: [String], upTo count: Int) -> String {
        (0..<Int.random(in: 1...count, using: &random)).map { _ in pick(parts) }.joined(separator: "/")
    }

    mutating func path() -> String { join(Self.names, upTo: 4) }

    /// One to three patterns, less up to two outputs.
    mutating func stepScope() throws -> InputScope {
        let place = Place(file: ".imgwatch")
        var inputs: [PathPattern] = []
        while inputs.count < Int.random(in: 1...3, using: &random) {
            let written = join(Self.parts, upTo: 4) + pick(["", "", "/"])
            if let pattern = try? PathPattern(written, place: place) { inputs.append(pattern) }
        }
        let outputs = (0..<Int.random(in: 0...2, using: &random)).map { _ in
            OutputPath(path: join(Self.names, upTo: 3), isDirectory: Bool.random(using: &random))
        }
        text = "inputs \(inputs.map(\.text)), outputs \(outputs.map(\.path))"
        let step = Step(
            id: NodeID("make"),
            command: .shell("x"),
            inputs: inputs,
            outputs: outputs,
            needs: [],
            place: place
        )
        return InputScope(of: step)
    }

    /// One to three sources, an ignore file with exceptions, and mostly a context that is not the root.
    mutating func imageScope() throws -> InputScope {
        let sources = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            pick([".", join(Self.parts.dropLast(2), upTo: 3), join(Self.names, upTo: 3)])
        }
        let lines = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            pick(["", "", "!"]) + join(Self.parts, upTo: 3)
        }
        let context = pick(["", "", "a", "a/ab"])
        text = "context \(context), COPY \(sources), ignoring \(lines)"
        return InputScope(of: try Image(copying: sources, from: context, ignoring: lines))
    }
}

extension Image {
    /// One that copies these sources of the context, without a Dockerfile on disk.
    init(copying sources: [String], from context: String = "", ignoring lines: [String] = []) throws {
        let copy = Copy(sources: sources.map { .path($0) }, destination: "/x/")
        let stage = EvaluatedStage(
            index: 0,
            name: nil,
            base: .scratch,
            line: 1,
            instructions: [EvaluatedInstruction(line: 2, operation: .copy(copy), history: "")]
        )
        self.init(
            id: NodeID("app"),
            dockerfile: "Dockerfile",
            context: context,
            target: nil,
            arguments: [],
            labels: [],
            ignore: lines,
            ignoreFile: nil,
            needs: [],
            push: true,
            aliases: [],
            place: Place(file: ".imgwatch"),
            evaluation: Evaluation(stages: [stage]),
            ignorePatterns: try IgnorePatterns(patterns: lines)
        )
    }
}
