/// Which changes make CodeBuild build an image anew, and that a build makes what it was started for.

import Foundation
import Rigs
import Testing

@Suite(.withAWS) struct CloudChangeTests {
    /// One image that says in its log what it is made from.
    private func single() async throws -> CloudProject {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.configure("  base-dynamo: { dockerfile: dynamo/Dockerfile, args: { GREETING: hello } }")
        for name in ["code", "notes", "old"] { try cloud.project.write("files/\(name)", "\(name) 1\n") }
        try cloud.project.write(
            "dynamo/Dockerfile",
            """
            FROM scratch
            ARG GREETING
            COPY dynamo/busybox /bin/busybox
            RUN ["/bin/busybox", "--install", "-s", "/bin"]
            COPY files /files
            RUN echo "$GREETING" && ls -l /files && cat /files/code

            """
        )
        try cloud.project.commitAll("one image")
        return cloud
    }

    /// Everything that an image is made from; the last of these is what must be pushed.
    private func edits(_ cloud: CloudProject) -> [(what: String, make: () throws -> Void)] {
        let project = cloud.project
        func change(_ path: String, _ old: String, _ new: String) throws {
            try project.write(path, try project.read(path).replacingOccurrences(of: old, with: new))
        }
        return [
            ("nothing", {}),
            ("the build argument", { try change(".imgwatch", "GREETING: hello", "GREETING: welcome") }),
            ("the mode of a file", { try project.run("chmod", "+x", "files/code") }),
            (
                "another file",
                {
                    try project.write("files/added", "added\n")
                    try project.git("add", "files/added")
                }
            ),
            ("a file that git does not know", { try project.write("files/untracked", "untracked\n") }),
            ("a file less", { try project.remove("files/old") }),
            (".dockerignore", { try project.write(".dockerignore", "files/notes\n") }),
            ("the Dockerfile", { try change("dynamo/Dockerfile", "ls -l", "ls -ln") }),
        ]
    }

    /// T6 and T7 of the acceptance checks, F2.
    @Test func `whatever an image is made from makes one build under another name, and nothing else`() async throws {
        let cloud = try await single(), edits = edits(cloud)
        // Each of these builds is overtaken before it begins.
        try cloud.servers.settings { $0.provisioning = 30 }
        for (number, edit) in edits.enumerated() {
            if number == edits.count - 1 { try cloud.servers.settings { $0.provisioning = 0 } }
            try edit.make()
            try cloud.servers.clearLog()
            let built = try cloud.run("build")
            #expect(built.status == 0, "\(edit.what): \(built.output)\(built.errors)")
            // An argument is no file.
            let uploads = edit.what == "the build argument" ? 0 : 1
            #expect(try cloud.deeds() == CloudProject.Deeds(uploads: uploads, builds: 1), "\(edit.what)")
        }
        let references = try cloud.references()
        #expect(Set(references).count == edits.count, "\(references)")
        let states = try await cloud.end(ofBuilds: edits.count)
        #expect(states == Array(repeating: "STOPPED", count: edits.count - 1) + ["SUCCEEDED"])
        #expect(try cloud.digest(of: try #require(references.last)).hasPrefix("sha256:"))
        let log = cloud.logs()
        let files = log.split(separator: "\n").filter { $0.hasPrefix("-r") }.map { $0.split(separator: " ") }
        #expect(files.compactMap(\.last) == ["added", "code", "untracked"], "\(log)")
        #expect(files.compactMap(\.first) == ["-rw-r--r--", "-rwxr-xr-x", "-rw-r--r--"], "\(log)")
        #expect(log.contains("\nwelcome\n") && !log.contains("\nhello\n"), "\(log)")
        try await expectNothing(cloud)
    }

    /// What is saved as it was, is not read, or is ignored.
    private func expectNothing(_ cloud: CloudProject) async throws {
        try cloud.project.run("touch", "files/code", "dynamo/Dockerfile")
        try cloud.project.write("README.md", "# other\n")
        try cloud.project.write("files/notes", "ignored\n")
        try cloud.servers.clearLog()
        let waited = try cloud.run("build", "--wait")
        #expect(waited.status == 0, "\(waited.output)\(waited.errors)")
        #expect(try cloud.deeds() == CloudProject.Deeds())
        #expect(try cloud.servers.log("registry manifests").contains { $0.status == 200 })
    }

    /// F10: a build names the version of its context.
    @Test func `what comes into the bucket under the same name later is not what a build makes`() async throws {
        let cloud = try await single()
        try cloud.servers.settings { $0.provisioning = 2 }
        #expect(try cloud.run("build").status == 0)
        let build = try #require(try cloud.servers.builds(of: "imgwatch-project").first)
        #expect(build["currentPhase"] == "PROVISIONING")
        let key = try #require(try cloud.servers.keys(in: CloudProject.bucket).first)
        #expect(build["source"]["location"].text == "\(CloudProject.bucket)/\(key)")
        let later = try cloud.servers.put("something else".utf8, CloudProject.bucket, key)
        let ended = try await cloud.servers.finishedBuild(try #require(build["id"].text))
        let log = try cloud.servers.buildLog(ended)
        #expect(ended["buildStatus"] == "SUCCEEDED", "\(log)")
        #expect(later != nil && ended["sourceVersion"].text != later)
        #expect(log.contains("\ncode 1\n"), "\(log)")
        #expect(try cloud.digest(of: try #require(ended.variable("IMAGE_URI"))).hasPrefix("sha256:"))
    }

    /// F10 in a batch, whose builds get their contexts themselves.
    @Test func `a build of a batch takes nothing but the context that it was started with`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.servers.settings { $0.provisioning = 2 }
        #expect(try cloud.run("build").status == 0)
        let build = try await Waiting.until("the first build of the batch") {
            try cloud.servers.builds(of: "imgwatch-project").first
        }
        let context = try #require(build.variable("IMGWATCH_CONTEXT"))
        let key = context.dropFirst(CloudProject.bucket.count + 1)
        try cloud.servers.put("something else".utf8, CloudProject.bucket, String(key))
        try cloud.servers.settings { $0.provisioning = 0 }
        #expect(try await cloud.end(ofBuilds: 2) == ["SUCCEEDED", "SUCCEEDED"], "\(cloud.logs())")
        #expect(try cloud.servers.images(in: "base-dynamo").count == 1)
    }

    /// Images for another architecture; what is in them is only copied, so that any machine can make them.
    @Test func `an image for Arm is built on CodeBuild's Arm machines, and its function is for Arm`() async throws {
        let cloud = try await CloudProject.start(isSmall: true)
        try cloud.configure(
            """
              base-dynamo: { dockerfile: dynamo/Dockerfile, platforms: linux/arm64 }
              receipt:
                dockerfile: receipt/Dockerfile
                platforms: linux/arm64
                \(cloud.lambda)
            """
        )
        try cloud.project.write("dynamo/Dockerfile", "FROM scratch\nCOPY packages/receipt_dynamo /opt\n")
        try cloud.project.write("receipt/Dockerfile", "FROM base-dynamo\nCOPY receipt/handler /var/task/\n")
        #expect(try cloud.run("build").status == 0)
        #expect(try cloud.servers.log("StartBuildBatch").count == 1)
        #expect(try await cloud.end(ofBuilds: 2) == ["SUCCEEDED", "SUCCEEDED"], "\(cloud.logs())")
        let loop = try await cloud.begun()
        let mark = loop.mark
        try cloud.project.write("receipt/handler", "for Arm\n")
        let lines = try await loop.settle(from: mark)
        let pushed = try #require(lines.last { $0.event == "pushed" && $0.node == "receipt" }, "\(lines.map(\.text))")
        #expect(try cloud.servers.log("StartBuild$").count == 1)
        for build in try cloud.servers.builds(of: "imgwatch-project") {
            #expect(build["environment"]["type"] == "ARM_CONTAINER")
            #expect(build["environment"]["image"].text?.contains("aarch64") == true)
            #expect(build["environment"]["privilegedMode"] == true)
        }
        let function = try cloud.servers.function("project-receipt")
        #expect(function["Configuration"]["Architectures"] == ["arm64"])
        #expect(try cloud.digest(ofFunction: "project-receipt") == pushed.digest)
        #expect(try await loop.end() == 0)
    }
}
