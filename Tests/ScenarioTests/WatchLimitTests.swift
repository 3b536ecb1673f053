import Foundation
import Testing

/// Where the kernel does not tell of every change: it is said, looked at again and again, and no edit is lost.
@Suite(.serialized) struct WatchLimitTests {
    /// Runs the program with so few inotify watches or instances, in a user namespace of its own.
    private static func limited(_ name: String, _ count: Int, _ command: [String]) -> [String] {
        let script = "echo \(count) > /proc/sys/user/max_inotify_\(name) && exec \"$@\""
        return ["unshare", "-Ur", "sh", "-c", script, "sh"] + command
    }

    private static let canLimit: Bool = {
        let words = limited("watches", 9, ["cat", "/proc/sys/user/max_inotify_watches"])
        return (try? Programs.run(words, in: URL(filePath: "/"), ["PATH": "/usr/bin:/bin"])) == "9\n"
    }()

    private static let canMount: Bool =
        getuid() == 0
        && (try? Programs.run(
            ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
            in: URL(filePath: "/"),
            ["PATH": "/usr/bin:/bin"]
        )) != nil

    private static func folders(_ count: Int) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("data/\($0)/file.txt", "\($0)") })
    }

    @Test(.enabled(if: canLimit, "no limits of one's own can be set here"))
    func `with too few watches it says so with numbers, polls, and builds what is edited there`() async throws {
        let tree = try await WatchedTree(Self.folders(60), wrapper: Self.limited("watches", 30, []))
        let notices = tree.loop.lines.filter { $0.event == "notice" }.map(\.reason)
        let told = try #require(notices.first { $0.contains("watch limit") }, "\(notices)")
        for part in ["sysctl", "may hold 30 inotify", "user.max_inotify_watches=", "polled every 2 s", "data/"] {
            #expect(told.contains(part), "\(told)")
        }
        let notes = try tree.notes()
        #expect(notes.count == 1 && notes[0].contains("polled every 2 s"), "\(notes)")
        for folder in [0, 31, 59] {
            let mark = tree.loop.mark
            try tree.project.write("data/\(folder)/file.txt", "edit")
            try await tree.loop.publication(of: "app", from: mark)
            try tree.expectTree()
            #expect(Array(tree.loop.lines.dropFirst(mark)).nodes("started") == ["app"])
        }
        #expect(tree.loop.lines.nodes("started").count == 4)
        #expect(tree.loop.lines.count { $0.event == "notice" && $0.reason.contains("watch limit") } == 1)
        try await tree.loop.end()
    }

    @Test(.enabled(if: canLimit, "no limits of one's own can be set here"))
    func `without an inotify instance it ends and says what to do`() throws {
        let project = try TemporaryProject(["a.txt": "a", "Dockerfile": "FROM scratch\nCOPY a.txt /\n"])
        try project.write(".imgwatch", "images:\n  app:\n")
        let ended = try project.command(Self.limited("instances", 0, [Programs.imgwatch.path(), "up"]))
        #expect(ended.status == 1, "\(ended.output)\(ended.errors)")
        for part in ["inotify instances", "sysctl", "user.max_inotify_instances="] {
            #expect(ended.errors.contains(part), "\(ended.errors)")
        }
    }

    // MARK: Mounts

    @Test(.enabled(if: canMount, "nothing can be mounted here"))
    func `what is mounted over a watched folder is seen, and so is its end`() async throws {
        let tree = try await WatchedTree(["data/place/file.txt": "below"])
        let place = tree.project.path("data/place")
        defer { umount2(place, Int32(MNT_DETACH)) }
        let there = try await tree.lines {
            try tree.project.run("mount", "-t", "tmpfs", "tmpfs", place)
        }
        #expect(there.nodes("started") == ["app"], "\(there.map(\.text))")
        let mark = tree.loop.mark
        try tree.project.write("data/place/file.txt", "above")
        try await tree.rest()
        let edit = Array(tree.loop.lines.dropFirst(mark))
        #expect(edit.nodes("started") == ["app"], "\(edit.map(\.text))")
        // Foundation's lists of files end where something is mounted.
        #expect(try tree.project.shown("app", by: tree.loop)["data/place/file.txt"] == "above")
        let back = try await tree.lines { try tree.project.run("umount", place) }
        #expect(back.nodes("started").isEmpty && back.nodes("reused") == ["app"], "\(back.map(\.text))")
        try await tree.expectEditIsBuilt("after")
        try await tree.loop.end()
    }

    // MARK: The queue

    /// More events than the kernel keeps, all of them of a file that no node reads.
    private func overflow(_ tree: WatchedTree) throws {
        let limit = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let count = try #require(Int(limit.trimmingCharacters(in: .whitespacesAndNewlines)))
        try tree.shell("i=0; while test $i -lt \(count / 2); do : > noise; rm noise; i=$((i + 1)); done")
    }

    @Test(arguments: [false, true])
    func `a queue that overflows ends no run, unless an input changed`(isEdited: Bool) async throws {
        let tree = try await WatchedTree([
            ".gitignore": "out\n", "in.txt": "1", "go": "",
            ".imgwatch": """
            steps:
              slow:
                run: until test -e go; do sleep 0.01; done; cp in.txt out
                inputs: [in.txt]
                outputs: [out]
            images:
              app:
            """,
        ])
        let (project, loop) = (tree.project, tree.loop)
        try project.remove("go")
        try await tree.rest()
        let mark = loop.mark
        try project.write("in.txt", "2")
        try await loop.wait(from: mark, for: "started", node: "slow")
        kill(loop.process.processIdentifier, SIGSTOP)
        try overflow(tree)
        if isEdited { try project.write("in.txt", "3") }
        kill(loop.process.processIdentifier, SIGCONT)
        // Whatever was lost is found out before this is answered.
        _ = try tree.status()
        try project.write("go", "")
        try await loop.settle(from: mark, until: "slow finished") { $0.nodes("finished") == ["slow"] }
        try await tree.rest()
        let lines = Array(loop.lines.dropFirst(mark))
        #expect(lines.nodes("started") == Array(repeating: "slow", count: isEdited ? 2 : 1), "\(lines.map(\.text))")
        #expect(lines.nodes("superseded") == (isEdited ? ["slow"] : []))
        #expect(try project.read("out") == (isEdited ? "3" : "2"))
        try await loop.end()
    }

    // MARK: The project itself

    @Test func `a project that is moved away is told, costs nothing, and ends as usual`() async throws {
        let tree = try await WatchedTree(prepare: { _ in })
        let mark = tree.loop.mark
        let away = tree.project.home.appending(path: "away")
        try FileManager.default.moveItem(at: tree.project.root, to: away)
        try await tree.loop.wait(from: mark, for: "the configuration is gone") {
            $0.event == "failed" && $0.diagnostics == ["config-missing"]
        }
        try await tree.loop.wait(from: mark, for: "idle as the last event") { [loop = tree.loop] line in
            line.event == "idle" && loop.lines.last?.text == line.text
        }
        let count = tree.loop.mark
        let before = try ticks(of: tree.loop)
        await Pause.of(milliseconds: 1500)
        #expect(try ticks(of: tree.loop) - before < 50, "it spins")
        #expect(tree.loop.mark == count, "\(tree.loop.lines.dropFirst(count).map(\.text))")
        #expect(tree.loop.process.isRunning)
        #expect(try await tree.loop.end() == 0)
    }

    /// The processor time that the program used, in hundredths of a second.
    private func ticks(of loop: RunningLoop) throws -> Int {
        let stat = try String(contentsOfFile: "/proc/\(loop.process.processIdentifier)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return try #require(Int(fields[12])) + (try #require(Int(fields[13])))
    }
}
