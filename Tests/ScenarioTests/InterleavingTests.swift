import Foundation
import Testing

/// The race that imgwatch exists for: two chains of steps write the two halves of one image, at different speeds.
///
/// Every file that a step makes holds the text of the source that it was made from, so an image says which instant of
/// the sources it shows; one that mixes two instants, or halves, shows none.
@Suite(.serialized) struct InterleavingTests {
    static let sources = ["ui": "ui.txt", "api": "api.txt", "server": "server.txt"]
    static let pageCount = 24

    static func project(gated: Bool, durations: [String: Int]) throws -> TemporaryProject {
        let project = try TemporaryProject([
            "ui.txt": "0", "api.txt": "0", "server.txt": "0", ".gitignore": "out/\n",
            "Dockerfile": "FROM base\nCOPY out/site /site\nCOPY out/server /bin/server\n",
            "Dockerfile.base": "FROM scratch\nCOPY base.txt /etc/base\n", "base.txt": "base",
        ])
        for (name, text) in commands(durations) { try project.write(name, text) }
        try project.write(
            ".imgwatch",
            gated ? steps + images + "\n    needs: [build-ui, build-server]\n" : images + "\n"
        )
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
            "gen.sh": """
            set -e
            text=$(cat api.txt)
            mkdir -p out
            printf 'half' > out/generated
            sleep \(Self.seconds(durations["api"], parts: 1))
            printf 'api %s\\n' "$text" > out/generated
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
          gen:
            run: sh gen.sh
            inputs: [api.txt, gen.sh]
            outputs: [out/generated]
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
        var ui: String, api: String, server: String

        /// The files that an image of this instant holds, byte for byte.
        var files: [String: String] {
            var files = ["bin/server": "server \(server) with api \(api)\n", "etc/base": "base"]
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
        let project = try project(gated: true, durations: durations)
        let loop = try RunningLoop(project)
        try await loop.wait(for: "ready")
        var instant = Instant(ui: "0", api: "0", server: "0")
        var instants = [instant]
        let texts = ["a", "b", "c"]
        for edit in 0..<plan.edits {
            await Pause.of(milliseconds: Int.random(in: 0...700, using: &random))
            let name = ["ui", "api", "server"].randomElement(using: &random) ?? "ui"
            let text = "\(edit)\(texts.randomElement(using: &random) ?? "")"
            switch name {
            case "ui": instant.ui = text
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

    /// The proof that the scenario can go stale: the same commands, run by hand beside a configuration without them.
    @Test func `the same scenario without gates publishes stale images`() async throws {
        let project = try Self.project(gated: false, durations: ["ui": 500, "api": 200, "server": 200])
        try project.run("sh", "-c", "sh gen.sh && sh build-server.sh && sh build-ui.sh")
        let loop = try RunningLoop(project)
        try await loop.wait(for: "idle")
        var instants = [Instant(ui: "0", api: "0", server: "0")]
        for edit in 1...3 {
            try project.write("ui.txt", "\(edit)")
            try project.write("server.txt", "\(edit)")
            instants.append(Instant(ui: "\(edit)", api: "0", server: "\(edit)"))
            try project.run("sh", "-c", "sh build-server.sh && sh build-ui.sh")
        }
        try await loop.wait(for: "the last state") { line in
            line.event == "idle" && (try? Self.shown(loop, project)) == instants.last?.files
        }
        let store = try project.store()
        let published = try loop.lines.filter { $0.event == "pushed" && $0.node == "app" }.map {
            try UnpackedImage.files(digest: $0.digest, in: store)
        }
        let stale = published.filter { files in !instants.contains { $0.files == files } }
        #expect(!stale.isEmpty, "nothing went stale without gates, so the gated test proves nothing")
        try await loop.end()
    }
}

/// The same numbers for the same seed.
///
/// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
