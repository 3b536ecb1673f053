/// What CodeBuild executes, as YAML and as a shell read it.

import Foundation
import Rigs
import Testing

@testable import AWS

@Suite struct BuildspecTests {
    private static let values = [
        "plain", "two words", "it's", "a \"b\" $HOME `date` \\ end", "two\nlines", "tab\there", "# no comment", ": x",
        "ü €", "\u{85}next", "- item", "%percent", "",
    ]

    private func image() -> Buildspec.Image {
        var image = Buildspec.Image("handler", platform: "linux/amd64")
        for (number, value) in Self.values.enumerated() { image.arguments.append(.init("A\(number)", value)) }
        image.references = [.init("BASE_IMAGE_URI", "BASE_IMAGE_URI"), .init("it's $odd", "BASE_IMAGE_URI")]
        image.showsRevision = true
        image.labels = [.init("com.example.team", "shop & co")]
        return image
    }

    /// Executes the build's command with a `docker` that prints its arguments, each ended by a zero byte.
    @Test(.enabled(if: AWSServers.isInstalled, "Python's YAML is not installed"), arguments: [false, true])
    func `every argument reaches docker as it is`(isDetached: Bool) throws {
        var buildspec = Buildspec([image()])
        buildspec.isDetached = isDetached
        let script = """
            import subprocess, sys, yaml
            spec = yaml.safe_load(sys.stdin)
            assert spec["version"] == 0.2
            phases = spec["phases"]
            for name in ("pre_build", "build", "post_build"):
                for command in phases[name]["commands"]:
                    assert isinstance(command, str)
                    subprocess.run(["sh", "-n", "-c", command], check=True)
            (command,) = phases["build"]["commands"]
            shell = 'docker() { for word; do printf "%s\\\\0" "$word"; done; }\\n' + command
            environment = {"BASE_IMAGE_URI": "r/base@sha256:1", "IMGWATCH_KEY": "k", "IMAGE_URI": "r/handler:t",
                "IMGWATCH_REVISION": "abc-dirty"}
            sys.stdout.buffer.write(subprocess.run(["sh", "-c", shell], env=environment, stdout=-1, check=True).stdout)
            """
        let process = Process()
        process.executableURL = URL(filePath: AWSServers.tool("python3").path)
        process.arguments = ["-c", script]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(buildspec.text.utf8))
        try input.fileHandleForWriting.close()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for (number, value) in Self.values.enumerated() { #expect(words.contains("A\(number)=\(value)"), "\(words)") }
        #expect(words.contains("BASE_IMAGE_URI=r/base@sha256:1") && words.contains("com.example.team=shop & co"))
        #expect(words.contains("it's $odd=r/base@sha256:1"))
        let revision = try #require(words.firstIndex(of: "org.opencontainers.image.revision=abc-dirty"))
        #expect(words[revision - 1] == "--label")
        #expect(words.suffix(4) == ["--tag", "r/handler:t", "context", ""])
    }

    @Test func `a command of several lines that CodeBuild repeats is known again`() {
        var echoes = CommandEchoes(of: Buildspec([image()]))
        let command = Buildspec([image()]).commands[2]
        let lines = "[Container] 2026/11/27 20:00:00.1 Running command \(command)"
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.count > 3)
        let wereEchoes = lines.map { echoes.contains($0) }
        #expect(wereEchoes.allSatisfy { $0 })
        let isEcho = echoes.contains("#5 [2/4] RUN make")
        #expect(!isEcho)
        // What a step prints is its own, though a command has the same line.
        let repeated = echoes.contains(lines[1])
        #expect(!repeated)
    }

    @Test func `a label of the author's comes before the commit`() {
        var own = image()
        #expect(Buildspec([own]).text.contains("${IMGWATCH_REVISION:+--label"))
        own.labels.append(.init("org.opencontainers.image.revision", "mine"))
        #expect(!Buildspec([own]).text.contains("IMGWATCH_REVISION"))
    }

    @Test func `an image for another architecture has its machine in a batch`() {
        var buildspec = Buildspec([image(), Buildspec.Image("other", platform: "linux/arm64")])
        let machine = Buildspec.Machine(type: "ARM_CONTAINER", image: "aws/arm:3.0")
        buildspec.nodes = [
            .init("handler", dependsOn: [], variables: [.init("X", "1")]),
            .init("other", dependsOn: ["handler"], variables: [.init("Y", "1")], machine: machine),
        ]
        let expected = """
            batch:
              fast-fail: false
              build-graph:
                - identifier: handler
                  env:
                    variables:
                      "X": "1"
                - identifier: other
                  depend-on: [handler]
                  env:
                    type: ARM_CONTAINER
                    image: "aws/arm:3.0"
                    privileged-mode: true
                    variables:
                      "Y": "1"
            env:

            """
        #expect(buildspec.text.contains(expected), "\(buildspec.text)")
    }

    @Test func `a batch has each image once, and its variables as YAML takes them`() throws {
        var buildspec = Buildspec([image(), Buildspec.Image("other", platform: "linux/arm64")])
        buildspec.nodes = [
            .init("handler", dependsOn: [], variables: [.init("X", "a: \"b\"\n$c")]),
            .init("other", dependsOn: ["handler"], variables: [.init("Y", "1")]),
        ]
        #expect(buildspec.text.contains("depend-on: [handler]"))
        #expect(buildspec.text.contains(#""X": "a: \"b\"\u000a$c""#))
        #expect(buildspec.commands.contains { $0.hasPrefix("case \"$IMGWATCH_IMAGE\" in\nhandler)\ndocker build") })
        // An argument of several lines keeps them.
        #expect(buildspec.commands.contains { $0.contains("'A4=two\nlines'") })
    }
}
