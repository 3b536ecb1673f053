import Foundation
import Testing

/// The commands as a person or a script calls them: what they print where, and their exit codes.
@Suite struct CommandTests {
    @Test func `the version and the help go to standard output`() throws {
        let project = try TemporaryProject()
        let version = try project.imgwatch("--version")
        #expect(version.status == 0 && version.errors.isEmpty)
        #expect(version.output.contains(/^imgwatch \d+\.\d+\.\d+\n$/))
        let help = try project.imgwatch("--help")
        #expect(help.status == 0 && help.errors.isEmpty)
        for word in ["up", "build", "plan", "check", "graph", "init", "why", "doctor", "status", "retry", "stop"] {
            #expect(help.output.contains(word))
            let own = try project.imgwatch(word, "--help")
            #expect(own.status == 0 && own.output.contains("imgwatch \(word)"), "\(word)")
        }
    }

    @Test(arguments: [
        ["nope"], ["--nope"], ["build", "nope"], ["plan", "nope"], ["build", "--nope"], ["check", "--file", "nowhere"],
        ["check", "--output", "yaml"], ["graph", "one", "two"], ["graph", "--format", "dot", "--json"],
        ["build", "--file"], ["up", "left"],
    ])
    func `wrong usage is told on standard error, with exit code 2`(words: [String]) throws {
        let project = try Branches.project()
        let run = try project.command([Programs.imgwatch.path()] + words)
        #expect(run.status == 2, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(words.contains { run.errors.contains($0) }, "\(run.errors)")
    }

    @Test(arguments: ["up", "build", "plan", "check", "graph"])
    func `without a configuration the remedy is named`(word: String) throws {
        let project = try TemporaryProject()
        let run = try project.imgwatch(word)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.contains("no .imgwatch") && run.errors.contains("imgwatch init"))
        #expect(run.errors.contains("[config-missing]"))
        let json = try project.imgwatch(word, "--json")
        #expect(json.status == 2 && json.errors.isEmpty)
        #expect(try json.objects("diagnostics").map { $0["id"] as? String } == ["config-missing"])
    }

    @Test(arguments: ["check", "status", "retry", "stop"])
    func `a folder is no configuration`(word: String) throws {
        let run = try TemporaryProject().imgwatch(word, "--file", ".")
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.contains("this is not a file [config-missing]"))
    }

    @Test(arguments: ["up", "build", "plan", "check", "graph"])
    func `a broken configuration is told whole, and nothing runs`(word: String) throws {
        let project = try TemporaryProject([
            ".imgwatch": """
            steps:
              a: {run: touch ran, inptus: [x], outputs: [out/]}
            images:
              b: {needs: [nobody]}
            """
        ])
        let text = try project.imgwatch(word)
        #expect(text.status == 2 && text.output.isEmpty)
        for part in [".imgwatch:2:", "`inptus`", "Did you mean `inputs`?", ".imgwatch:4:", "`nobody`", "Dockerfile"] {
            #expect(text.errors.contains(part), "\(part)")
        }
        let json = try project.imgwatch(word, "--json")
        #expect(json.status == 2 && json.errors.isEmpty)
        let found = try json.objects("diagnostics")
        #expect(found.count == 3)
        #expect(
            found.allSatisfy { $0["file"] as? String == ".imgwatch" && $0["line"] is Int && $0["remedy"] is String }
        )
        #expect(Set(found.compactMap { $0["id"] as? String }).contains("config-unknown-key"))
        #expect(!FileManager.default.fileExists(atPath: project.path("ran")))
    }

    @Test func `check reads everything and builds nothing`() throws {
        let project = try Branches.project()
        let text = try project.imgwatch("check")
        #expect(text.status == 0 && text.errors.isEmpty)
        #expect(text.output.hasPrefix("project: 2 steps, 3 images"))
        let json = try project.imgwatch("check", "--json")
        #expect(json.status == 0)
        #expect(try json.objects("diagnostics").isEmpty)
        #expect(!FileManager.default.fileExists(atPath: project.path("out")))
        let home = try FileManager.default.contentsOfDirectory(atPath: project.home.path())
        #expect(home == ["project"], "a command that only reads made \(home)")
    }

    @Test func `a race is a mistake, and its remedy is a line to add`() throws {
        let project = try Branches.project()
        try project.write(
            ".imgwatch",
            project.read(".imgwatch").replacing("needs: [left, right]", with: "needs: [left]")
        )
        let text = try project.imgwatch("check")
        #expect(text.status == 2)
        #expect(text.errors.contains("right") && text.errors.contains("needs"))
        #expect(try project.imgwatch("check", "--json").objects("diagnostics").map { $0["id"] as? String } == ["race"])
    }

    @Test func `graph shows the levels and the needs`() throws {
        let project = try Branches.project()
        let text = try project.imgwatch("graph")
        #expect(text.status == 0)
        #expect(text.output.contains(/both +image +needs left, right/))
        let nodes = try project.imgwatch("graph", "--json").objects("nodes")
        #expect(nodes.count == 5)
        let both = try #require(nodes.first { $0["node"] as? String == "both" })
        #expect(both["level"] as? Int == 1 && both["needs"] as? [String] == ["left", "right"])
        #expect(both["kind"] as? String == "image")
    }

    @Test func `plan says what would run, and why, and what becomes of the tags`() throws {
        let project = try Branches.project()
        let before = try project.imgwatch("plan")
        #expect(before.status == 0 && before.output.contains("never run"))
        #expect(!FileManager.default.fileExists(atPath: project.path("out")), "a plan ran something")
        #expect(try project.imgwatch("build").status == 0)
        let nothing = try project.imgwatch("plan")
        #expect(nothing.status == 0 && nothing.output == "nothing to do: everything is fresh\n")
        let tag = try #require(
            PublishedNames(in: project.store()).contentNames.keys.first { $0.hasPrefix("both:") }
        ).dropFirst("both:".count)

        try project.write("static.txt", "edited\n")
        let after = try project.imgwatch("plan")
        #expect(after.output.contains("static.txt"), "\(after.output)")
        #expect(after.output.contains(" \(tag) → git-"), "\(after.output)")
        #expect(!after.output.contains("left-image"))
        let entries = try project.imgwatch("plan", "--json").objects("nodes")
        let both = try #require(entries.first { $0["node"] as? String == "both" })
        #expect(both["action"] as? String == "run" && both["paths"] as? [String] == ["static.txt"])
        let new = try #require(both["new"] as? String)
        #expect(new.contains("-dirty-"))
        #expect(entries.filter { $0["action"] as? String == "none" }.count == 4)
        let build = try project.imgwatch("build", "--json")
        #expect(build.events.first { $0.event == "pushed" }?.tag == new, "the plan named another tag")
        #expect(build.events.nodes("started") == ["both"])
        #expect(build.events.first { $0.event == "started" }?.paths == ["static.txt"])
    }

    @Test func `a plan of something that can't run says so`() throws {
        let project = try Branches.project()
        try project.remove("left.txt")
        let plan = try project.imgwatch("plan")
        #expect(plan.status == 1 && plan.output.contains("left.txt"), "\(plan.output)\(plan.errors)")
    }

    @Test func `a plan names what would follow from an edit of a step's input`() throws {
        let project = try Branches.project()
        #expect(try project.imgwatch("build").status == 0)
        try project.write("left.txt", "two")
        let entries = try project.imgwatch("plan", "--json").objects("nodes")
        let actions = Dictionary(
            entries.map { ($0["node"] as? String ?? "", $0["action"] as? String ?? "") },
            uniquingKeysWith: { $1 }
        )
        #expect(
            actions == [
                "left": "run", "right": "none", "left-image": "after-needs", "right-image": "none",
                "both": "after-needs",
            ]
        )
        #expect(try project.imgwatch("plan", "right-image").output.contains("nothing to do"))
    }

    @Test func `why says who reads a path, from any folder, and makes nothing`() throws {
        let project = try Branches.project()
        try project.write("deep/file", "")
        let text = try project.imgwatch("why", "../left.txt", "nowhere", in: "deep")
        #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
        #expect(text.output.contains(/left .step. reads it\n    inputs: left.txt .\.imgwatch:\d+:\d+/))
        #expect(text.output.contains("\n  then: left-image, both\n"))
        #expect(text.output.contains("\n\nnowhere (not there)\n  nobody reads it\n"))
        let json = try project.imgwatch("why", "--json", "left.txt", ".imgwatch")
        let paths = try json.objects("paths")
        #expect(paths.map { $0["path"] as? String } == ["left.txt", ".imgwatch"])
        #expect((paths[0]["nodes"] as? [[String: Any]])?.map { $0["relation"] as? String } == ["reads"])
        let home = try FileManager.default.contentsOfDirectory(atPath: project.home.path())
        #expect(home == ["project"], "a command that only reads made \(home)")
        #expect(try project.imgwatch("why").status == 2)
    }

    @Test func `doctor looks at everything, makes nothing, and has exit code 1 with a problem`() throws {
        let project = try Branches.project()
        let names = ["project", "inotify", "files", "git", "engines", "registries", "state"]
        let sound = try project.imgwatch("doctor", "--json")
        #expect(try sound.objects("sections").map { $0["name"] as? String } == names)
        #expect(sound.status == (try sound.object()["problems"] as? Int == 0 ? 0 : 1))
        let registry = "registry: localhost:1/shop\n"
        try project.write(".imgwatch", registry + project.read(".imgwatch"))
        let text = try project.imgwatch("doctor")
        #expect(text.status == 1 && text.errors.isEmpty)
        #expect(text.output.contains("  problem  localhost:1 (for this project's images), without a credential: "))
        try project.write(".imgwatch", "images: {app: {nonsense: 1}}\n")
        let broken = try project.imgwatch("doctor")
        #expect(broken.status == 1 && broken.output.contains("`imgwatch check` shows them"))
        let home = try FileManager.default.contentsOfDirectory(atPath: project.home.path())
        #expect(home == ["project"], "a command that only looks made \(home)")
    }

    @Test func `doctor runs outside of a project, and says so`() throws {
        let project = try TemporaryProject()
        let text = try project.imgwatch("doctor")
        #expect(text.output.hasPrefix("project\n  note     there is no .imgwatch in "))
        #expect(text.output.contains("\ninotify\n") && !text.output.contains("\nstate\n"))
        #expect(try project.imgwatch("doctor", "--file", "nowhere").status == 1)
    }

    @Test func `init writes what check and build accept, and overwrites nothing`() throws {
        let project = try TemporaryProject([
            "base/Dockerfile": "FROM scratch\nCOPY base/base.txt /\n", "base/base.txt": "base",
            "app/Dockerfile": "FROM base\nCOPY app/app.txt /\n", "app/app.txt": "app",
        ])
        let made = try project.imgwatch("init")
        #expect(made.status == 0 && made.output.contains(".imgwatch"))
        let check = try project.imgwatch("check")
        #expect(check.status == 0, "\(check.errors)")
        let build = try project.imgwatch("build", "--json")
        #expect(build.status == 0, "\(build.output)\(build.errors)")
        #expect(build.events.nodes("pushed") == ["base", "app"])
        let text = try project.read(".imgwatch")
        let again = try project.imgwatch("init")
        #expect(again.status == 2 && again.errors.contains("is there already"))
        #expect(try project.read(".imgwatch") == text)
    }

    @Test func `build NAME builds what is named and what it needs`() throws {
        let project = try Branches.project()
        let build = try project.imgwatch("build", "left-image", "--json")
        #expect(build.status == 0)
        #expect(build.events.nodes("started") == ["left", "left-image"])
        #expect(!FileManager.default.fileExists(atPath: project.path("out/right")))
        #expect(try project.imgwatch("build", "left-image", "--json").events.nodes("started").isEmpty)
        #expect(try project.imgwatch("build", "right", "--json").events.nodes("started") == ["right"])
    }

    @Test func `a failed build has exit code 1, and what is not named fails nobody`() throws {
        let project = try Branches.project(["left": "broken"])
        #expect(try project.imgwatch("build", "right-image").status == 0)
        let build = try project.imgwatch("build")
        #expect(build.status == 1)
        #expect(build.output.contains("left") && build.output.contains("status 3"))
    }

    @Test func `the configuration is found from below, and named from elsewhere`() throws {
        let project = try Branches.project()
        try FileManager.default.createDirectory(atPath: project.path("deep/er"), withIntermediateDirectories: true)
        #expect(try project.imgwatch("build", "left-image", in: "deep/er").status == 0)
        #expect(FileManager.default.fileExists(atPath: project.path("out/left")))
        let elsewhere = TemporaryProject.sharedState.deletingLastPathComponent()
        let words = [Programs.imgwatch.path(), "build", "left-image", "--json", "--file", project.path(".imgwatch")]
        let (status, output, errors) = try Programs.finish(words, in: elsewhere, project.environment)
        #expect(status == 0, "\(errors)")
        #expect(!output.contains("\"started\""), "another name for the same project built it again")
        try project.write("other.yaml", "images:\n  right-image:\n    dockerfile: Dockerfile.static\n")
        try project.write("Dockerfile.static", "FROM scratch\nCOPY static.txt /\n")
        let other = try project.imgwatch("build", "--file", "../other.yaml", "--json", in: "out")
        #expect(other.status == 0, "\(other.output)\(other.errors)")
        #expect(other.events.nodes("pushed") == ["right-image"])
    }
}
