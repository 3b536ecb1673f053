import Foundation
import Testing

/// A running loop is asked, told to try again, and ended, from another process.
@Suite(.serialized) struct ControlTests {
    /// A step that fails until `allowed` is there, which no input names.
    private static let outside = [
        "a.txt": "a",
        ".imgwatch": """
        steps:
          a:
            run: test -e allowed && cp a.txt out
            inputs: [a.txt]
            outputs: [out]
        images:
          image:
            needs: [a]
            dockerfile: Dockerfile
        """,
        "Dockerfile": "FROM scratch\nCOPY out /\n",
    ]

    /// Of the project whose lock names the loop.
    private func socket(of loop: RunningLoop) throws -> String {
        let states = TemporaryProject.sharedState.appending(path: "imgwatch").path()
        let pid = "\(loop.process.processIdentifier)\n"
        let folder = try FileManager.default.contentsOfDirectory(atPath: states).first {
            FileManager.default.contents(atPath: "\(states)/\($0)/loop.lock") == Data(pid.utf8)
        }
        return "\(states)/\(try #require(folder))/control.sock"
    }

    /// The nodes of `status --json`, by name.
    private func nodes(_ project: TemporaryProject) throws -> [String: [String: Any]] {
        let status = try project.imgwatch("status", "--json")
        #expect(status.status == 0, "\(status.errors)")
        return Dictionary(
            try status.objects("nodes").map { ($0["node"] as? String ?? "", $0) },
            uniquingKeysWith: { $1 }
        )
    }

    private func states(_ project: TemporaryProject) throws -> [String: String] {
        try nodes(project).mapValues { $0["status"] as? String ?? "" }
    }

    @Test func `status says how each node is, while it is idle, works, and after a failure`() async throws {
        let (project, loop) = try await Branches.started()
        let all = ["left", "right", "left-image", "right-image", "both"]
        #expect(try states(project) == Dictionary(uniqueKeysWithValues: all.map { ($0, "fresh") }))
        let idle = try project.imgwatch("status", "--json").object()
        #expect(idle["version"] as? Int == 1 && idle["pid"] as? Int32 == loop.process.processIdentifier)
        #expect(idle["activity"] as? String == "idle" && idle["git"] as? String == "rest")
        let pushed = try #require(loop.lines.last { $0.event == "pushed" && $0.node == "both" })
        let both = try #require(try nodes(project)["both"])
        #expect(both["ref"] as? String == pushed.ref && both["digest"] as? String == pushed.digest)
        #expect(both["key"] as? String == pushed.string("key") && both["refs"] as? [String] == pushed.refs)

        let mark = loop.mark
        try project.write("left.txt", "slow 60")
        try project.write("right.txt", "broken")
        _ = try await loop.group(of: "left", from: mark)
        try await loop.wait(from: mark, for: "failed", node: "right")
        let busy = try nodes(project)
        #expect(
            busy.mapValues { $0["status"] as? String } == [
                "left": "running", "right": "failed", "left-image": "waiting", "right-image": "blocked",
                "both": "blocked",
            ]
        )
        #expect(busy["left"]?["since"] is String && busy["left"]?["ms"] is Int)
        #expect((busy["left"]?["cause"] as? [String: Any])?["paths"] as? [String] == ["left.txt"])
        #expect(busy["right"]?["reason"] as? String == "the command exited with status 3")
        #expect(busy["left-image"]?["reason"] as? String == "waiting for left")
        #expect((busy["both"]?["holds"] as? [[String: Any]])?.map { $0["node"] as? String } == ["right"])
        #expect(busy["both"]?["ref"] as? String == pushed.ref, "the last good image stays")

        let text = try project.imgwatch("status")
        #expect(text.status == 0 && text.errors.isEmpty && !text.output.contains("\u{1b}"))
        for part in [
            "process \(loop.process.processIdentifier)", "working: 1 failed", "failed   the command", "by right",
        ] {
            #expect(text.output.contains(part), "\(text.output)")
        }
        #expect(try await loop.end() == 0)
    }

    @Test func `what was saved before the question is in the answer`() async throws {
        let (project, loop) = try await Branches.started()
        for number in 0..<10 {
            try project.write("left.txt", "edit \(number)")
            let states = try states(project)
            #expect(states["right"] == "fresh")
            // The loop may be through with it already; then the image shows it.
            if states["left-image"] == "fresh" {
                #expect(try project.shown("left-image", by: loop)["left"] == "left edit \(number)\n")
            }
        }
        try await loop.end()
    }

    @Test func `a broken configuration and a busy git are told`() async throws {
        let (project, loop) = try await Branches.started()
        let mark = loop.mark
        try project.write(".git/index.lock", "")
        try project.write(".imgwatch", Branches.configuration() + "nonsense: 1\n")
        try await loop.wait(from: mark, for: "failed")
        let status = try project.imgwatch("status", "--json")
        #expect(try status.object()["git"] as? String == "busy")
        #expect(try status.objects("diagnostics").map { $0["line"] as? Int }.count == 1)
        #expect(try project.imgwatch("status").output.contains("the configuration is broken"))
        try project.remove(".git/index.lock")
        try project.write(".imgwatch", Branches.configuration())
        try await loop.wait(from: mark, for: "notice")
        #expect(try project.imgwatch("status", "--json").objects("diagnostics").isEmpty)
        try await loop.end()
    }

    @Test func `retry runs again what failed for a reason outside of its inputs`() async throws {
        let project = try TemporaryProject(Self.outside)
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, until: "a failed") { $0.nodes("failed") == ["a"] }
        var mark = loop.mark
        let first = try project.imgwatch("retry")
        #expect(first.status == 0 && first.output == "starts again: a\n", "\(first.output)\(first.errors)")
        try await loop.settle(from: mark, until: "a failed again") { $0.nodes("failed") == ["a"] }

        mark = loop.mark
        try project.write("allowed", "")
        let second = try project.imgwatch("retry", "--json")
        #expect(try second.object()["retried"] as? [String] == ["a"], "\(second.errors)")
        let lines = try await loop.settle(from: mark, until: "image pushed") { $0.nodes("pushed") == ["image"] }
        #expect(lines.first { $0.event == "started" && $0.node == "a" }?.string("cause").contains("retry") == true)
        let third = try project.imgwatch("retry")
        #expect(third.status == 0 && third.output.contains("nothing failed"))

        mark = loop.mark
        try project.remove("a.txt")
        try await loop.settle(from: mark, until: "a failed") { $0.nodes("failed") == ["a"] }
        #expect(try project.imgwatch("retry").output.contains("does not help a: its input `a.txt`"))
        try await loop.end()
    }

    @Test(arguments: ["slow 60", "stubborn"])
    func `stop ends what runs, and returns when the project is free`(text: String) async throws {
        let project = try Branches.project(["left": text])
        let mark = RunMark()
        let loop = try RunningLoop(project, environment: mark.environment)
        _ = try await loop.group(of: "left")
        let path = try socket(of: loop)
        let stop = try project.imgwatch("stop")
        #expect(
            stop.status == 0 && stop.output.contains("\(loop.process.processIdentifier) has ended"),
            "\(stop.errors)"
        )
        #expect(stop.errors.contains("to end left") == (text == "stubborn"), "\(stop.errors)")
        #expect(mark.steps().isEmpty)
        #expect(try project.imgwatch("build", "right-image").status == 0, "the project is free")
        #expect(try await loop.exit() == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!loop.lines.nodes("failed").contains("left"))
    }

    @Test func `an interrupt after stop is the second one`() async throws {
        let project = try Branches.project(["left": "stubborn"])
        let loop = try RunningLoop(project)
        _ = try await loop.group(of: "left")
        let path = try socket(of: loop)
        try project.run("curl", "-s", "--unix-socket", path, "-X", "POST", "http://imgwatch/v1/stop")
        loop.interrupt()
        #expect(try await loop.exit() == 1)
        #expect(try project.imgwatch("status").status == 1, "its socket says that it lives")
    }

    @Test func `a build is asked and stopped as well, and has failed then`() async throws {
        let project = try Branches.project(["left": "slow 60"])
        let build = try RunningLoop(project, ["build"])
        _ = try await build.group(of: "left")
        #expect(try project.imgwatch("status", "--json").object()["command"] as? String == "build")
        #expect(try project.imgwatch("stop").status == 0)
        #expect(try await build.exit() == 1)
    }

    @Test func `without a loop, and after a crash, it is said so`() async throws {
        let project = try Branches.project()
        func check(_ place: String) throws {
            for word in ["status", "retry"] {
                let run = try project.imgwatch(word)
                #expect(run.status == 1 && run.output.isEmpty, "\(word) \(place)")
                #expect(run.errors.contains("no imgwatch runs in") && run.errors.contains("`imgwatch` starts"))
            }
            let stop = try project.imgwatch("stop")
            #expect(stop.status == 0 && stop.output.contains("no imgwatch runs in"), "\(place)")
        }
        try check("before")
        let loop = try RunningLoop(project)
        try await loop.settle(from: 0, after: nil)
        let path = try socket(of: loop)
        try await loop.crash()
        #expect(FileManager.default.fileExists(atPath: path))
        try check("after a crash")
        let next = try RunningLoop(project)
        try await next.settle(from: 0, after: nil)
        #expect(try project.imgwatch("status").status == 0)
        try await next.end()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a broken or missing configuration does not keep a loop from being asked and stopped`() async throws {
        let (project, loop) = try await Branches.started()
        try project.write(".imgwatch", "steps: [\n")
        #expect(try project.imgwatch("status").status == 0)
        #expect(try project.imgwatch("stop", "--json").object()["ended"] as? Bool == true)
        #expect(try await loop.exit() == 0)
        let none = try TemporaryProject()
        for word in ["status", "retry", "stop"] { #expect(try none.imgwatch(word).status == 2) }
    }

    @Test(arguments: ["up", "build"])
    func `a second one is told whom to ask and how to end it`(word: String) async throws {
        let (project, loop) = try await Branches.started()
        let second = try project.imgwatch(word)
        #expect(second.status == 1 && second.output.isEmpty)
        for part in ["process \(loop.process.processIdentifier)", "`imgwatch status`", "`imgwatch stop`"] {
            #expect(second.errors.contains(part), "\(second.errors)")
        }
        for word in ["check", "plan", "graph", "status"] { #expect(try project.imgwatch(word).status == 0, "\(word)") }
        try await loop.end()
    }

    @Test func `the socket is the user's alone, at a long path too, and curl speaks to it`() async throws {
        let project = try Branches.project()
        let state = project.home.appending(path: String(repeating: "s", count: 120)).path()
        let loop = try RunningLoop(project, environment: ["XDG_STATE_HOME": state])
        try await loop.settle(from: 0, after: nil)
        let status = try project.command([Programs.imgwatch.path(), "status"], ["XDG_STATE_HOME": state])
        #expect(status.status == 0 && status.output.contains("5 fresh"), "\(status.errors)")
        let folder = try #require(
            try FileManager.default.contentsOfDirectory(atPath: state + "/imgwatch").first {
                $0.hasPrefix("project-")
            }
        )
        let place = "\(state)/imgwatch/\(folder)"
        let modes = try project.run("stat", "-c", "%a %F", place, place + "/control.sock")
        #expect(modes == "700 directory\n600 socket\n")
        let curl = "cd '\(place)' && curl -s --unix-socket control.sock http://imgwatch/v1/"
        #expect(try project.run("sh", "-c", curl + "status").hasPrefix(#"{"version":1,"#))
        #expect(try project.run("sh", "-c", curl + "nope -o /dev/null -w '%{http_code}'") == "404")
        #expect(try project.run("sh", "-c", curl + "stop -o /dev/null -w '%{http_code}'") == "405")
        let silent = "import socket, time; s = socket.socket(socket.AF_UNIX); s.connect('control.sock'); time.sleep(60)"
        let script = "cd '\(place)'; python3 -c \"\(silent)\" & p=$!; \(curl)status; kill $p"
        #expect(try project.run("sh", "-c", script).contains("fresh"))
        try await loop.end()
    }
}
