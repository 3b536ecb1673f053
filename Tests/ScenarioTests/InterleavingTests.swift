import Foundation
import Rigs
import Testing

/// The race that imgwatch exists for, on the petstore's graph: two chains of steps write the two halves of one image,
/// at different speeds.
///
/// Every file that a step makes holds the text of the source that it was made from, so an image says which instant of
/// the sources it shows; one that mixes two instants, or halves, shows none. That such edits do show stale images where
/// the engine's gates are taken away is `GatingTests`' to prove.
@Suite(.serialized) struct InterleavingTests {
    static let sources = ["ui": "ui.txt", "tool": "tool.txt", "api": "api.txt", "server": "server.txt"]
    static let pageCount = 24

    static func project(durations: [String: Int]) throws -> TemporaryProject {
        let project = try TemporaryProject([
            "ui.txt": "0", "tool.txt": "0", "api.txt": "0", "server.txt": "0", ".gitignore": "out/\n",
            "Dockerfile": "FROM base\nCOPY out/site /site\nCOPY out/server /bin/server\n",
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /etc/base\n", "base.txt": "base",
        ])
        for (name, text) in commands(durations) { try project.write(name, text) }
        try project.write(".imgwatch", steps + images + "\n    needs: [build-ui, build-server]\n")
        try project.commitAll("first")
        return project
    }

    /// Each command reads its sources at the start, as compilers do, and writes in pieces over a while.
    private static func commands(_ durations: [String: Int]) -> [String: String] {
        [
            "build-ui.sh": """
            set -e
            text=$(cat ui.txt)
            rm -rf out/site; mkdir -p out/site
            for i in $(seq \(Self.pageCount)); do
              printf 'page %s of %s\\n' $i "$text" > out/site/$i.html
              sleep \(Self.seconds(durations["ui"], parts: Self.pageCount))
            done
            """,
            "build-tool.sh": """
            set -e
            text=$(cat tool.txt)
            mkdir -p out
            printf 'half' > out/tool
            sleep \(Self.seconds(durations["tool"], parts: 1))
            printf 'tool %s' "$text" > out/tool
            """,
            "gen.sh": """
            set -e
            text=$(cat api.txt); tool=$(cat out/tool)
            printf 'half' > out/generated
            sleep \(Self.seconds(durations["api"], parts: 1))
            printf 'api %s by %s\\n' "$text" "$tool" > out/generated
            """,
            "build-server.sh": """
            set -e
            text=$(cat server.txt); api=$(cat out/generated)
            printf 'half' > out/server
            sleep \(Self.seconds(durations["server"], parts: 1))
            printf 'server %s with %s\\n' "$text" "$api" > out/server
            """,
        ]
    }

    private static let steps = """
        parallel: 4
        steps:
          build-ui:
            run: sh build-ui.sh
            inputs: [ui.txt, build-ui.sh]
            outputs: [out/site/]
          build-tool:
            run: sh build-tool.sh
            inputs: [tool.txt, build-tool.sh]
            outputs: [out/tool]
          gen:
            run: sh gen.sh
            inputs: [api.txt, out/tool, gen.sh]
            outputs: [out/generated]
            needs: [build-tool]
          build-server:
            run: sh build-server.sh
            inputs: [server.txt, out/generated, build-server.sh]
            outputs: [out/server]
            needs: [gen]

        """

    private static let images = """
        images:
          base:
            dockerfile: Dockerfile.base
          app:
            dockerfile: Dockerfile
        """

    private static func seconds(_ milliseconds: Int?, parts: Int) -> String {
        String(format: "%.4f", Double(milliseconds ?? 100) / Double(parts) / 1000)
    }

    /// What the sources say, one line a source.
    struct Instant: Hashable {
        var ui: String, tool: String, api: String, server: String

        /// The files that an image of this instant holds, byte for byte.
        var files: [String: String] {
            var files = ["bin/server": "server \(server) with api \(api) by tool \(tool)\n", "etc/base": "base"]
            for page in 1...InterleavingTests.pageCount { files["site/\(page).html"] = "page \(page) of \(ui)\n" }
            return files
        }
    }

    struct Plan: CustomTestStringConvertible, Sendable {
        var seed: Int
        var edits: Int
        var testDescription: String { "seed \(seed), \(edits) edits" }
        static let all =
            (0..<50).map { Plan(seed: $0, edits: 2 + $0 % 2) } + (50..<55).map { Plan(seed: $0, edits: 10) }
    }

    /// Several worlds at once: they mostly sleep.
    @Test func `every published image is one instant of the sources, and the last one is the last`() async throws {
        let plans = Plan.all
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = plans.makeIterator()
            for _ in 0..<6 { if let plan = next.next() { group.addTask { try await Self.check(plan) } } }
            while try await group.next() != nil {
                if let plan = next.next() { group.addTask { try await Self.check(plan) } }
            }
        }
    }

    private static func check(_ plan: Plan) async throws {
        var random = SeededRandom(seed: UInt64(plan.seed))
        let durations = sources.mapValues { _ in Int.random(in: 100...500, using: &random) }
        let project = try project(durations: durations)
        let loop = try RunningLoop(project)
        try await loop.wait(for: "ready")
        var instant = Instant(ui: "0", tool: "0", api: "0", server: "0")
        var instants = [instant]
        let texts = ["a", "b", "c"]
        for edit in 0..<plan.edits {
            await Pause.of(milliseconds: Int.random(in: 0...700, using: &random))
            let name = ["ui", "tool", "api", "server"].randomElement(using: &random) ?? "ui"
            let text = "\(edit)\(texts.randomElement(using: &random) ?? "")"
            switch name {
            case "ui": instant.ui = text
            case "tool": instant.tool = text
            case "api": instant.api = text
            default: instant.server = text
            }
            instants.append(instant)
            try project.write(sources[name] ?? "", text)
        }
        let last = instant
        try await loop.wait(for: "an idle at which the last state is published (\(plan.testDescription))") { line in
            line.event == "idle" && loop.lines.last?.text == line.text && loop.lines.contains { $0.event == "pushed" }
                && (try? shown(loop, project)) == last.files
        }
        let store = try project.store()
        for line in loop.lines where line.event == "pushed" && line.node == "app" {
            let files = try UnpackedImage.files(digest: line.digest, in: store)
            #expect(instants.contains { $0.files == files }, "\(plan.testDescription): \(line.ref) shows no instant")
        }
        #expect(try await loop.end() == 0)
    }

    private static func shown(_ loop: RunningLoop, _ project: TemporaryProject) throws -> [String: String]? {
        guard let line = loop.lines.last(where: { ["pushed", "reused"].contains($0.event) && $0.node == "app" }) else {
            return nil
        }
        return try UnpackedImage.files(digest: line.digest, in: project.store())
    }
}

/// The same numbers for the same seed, other ones for the next.
struct SeededRandom: RandomNumberGenerator {
    private var numbers: SplitMix
    init(seed: UInt64) { numbers = SplitMix(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1) }
    mutating func next() -> UInt64 { numbers.next() }
}
