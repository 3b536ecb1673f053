/// What engines print, read.

import Testing

@testable import ImageEngines

@Suite struct EngineOutputTests {
    private func read(
        _ text: String,
        _ form: EngineOutput.Form,
        _ kind: EngineKind
    ) -> (events: [EngineEvent], problem: EngineProblem) {
        var output = EngineOutput(form)
        let events = text.split(separator: "\n").flatMap { output.read(String($0)) }
        return (events, output.problem(1, of: kind))
    }

    private static let docker = """
        #1 [internal] load build definition from Dockerfile
        #1 sha256:95aba17aa767
        #1 transferring dockerfile: 250B 0.0s done
        #1 DONE 0.1s

        #4 [build 1/3] COPY a b
        #4 CACHED

        #5 [build 2/3] RUN make
        #5 sha256:d246805a5e6f
        #5 0.213 cc -o a
        #6 [internal] load build context
        #5 [build 2/3] RUN make
        #5 0.713
        #5 1.213 a.c:1: error
        #5 ERROR: executor failed running [/bin/sh -c make]: exit code: 2
        ------
         > [build 2/3] RUN make:
        #5 0.213 cc -o a
        ------
        executor failed running [/bin/sh -c make]: exit code: 2
        """

    @Test func `of BuildKit steps and their output are told`() {
        let (events, problem) = read(Self.docker, .buildkit, .docker)
        #expect(
            events == [
                .step("[build 1/3] COPY a b"), .cached("[build 1/3]"), .step("[build 2/3] RUN make"),
                .output("cc -o a"), .output("a.c:1: error"),
            ]
        )
        #expect(problem.kind == .build && problem.reason == "`RUN make` exited with status 2")
        #expect(problem.log == ["cc -o a", "a.c:1: error"])
        #expect(problem.step == EngineStep(text: "RUN make", stage: "build", number: 2, isOfBuildKit: true))
    }

    @Test func `newer ones tell the line`() {
        let text = """
            #7 [linux/arm64 3/12] RUN false
            #7 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
            ------
            Dockerfile:12
            --------------------
            """
        let problem = read(text, .buildkit, .buildkit).problem
        #expect(problem.line == 12 && problem.reason == "`RUN false` exited with status 1")
        #expect(problem.step == EngineStep(text: "RUN false", stage: nil, number: 3, isOfBuildKit: true))
    }

    @Test func `what fails outside of steps is told in the engine's words`() {
        let problem = read("#1 [internal] load metadata\nfailed to solve: no such image", .buildkit, .docker).problem
        #expect(problem.reason == "docker: failed to solve: no such image" && problem.step == nil)
    }

    private static let buildah = """
        [1/2] STEP 1/2: FROM scratch AS a
        [1/2] STEP 2/2: RUN one
        --> Using cache 1a2b
        [2/2] STEP 1/3: FROM a
        [2/2] STEP 2/3: RUN two
        hello
        subprocess exited with status 3
        Error: building at STEP "RUN two": exit status 3
        """

    @Test(arguments: ["resolve image config for docker.io/docker/dockerfile:1", "[internal] load metadata for os:1"])
    func `a language that can't be fetched is no base that can't be`(step: String) {
        let refusal = "failed to do request: Head \"https://registry-1.docker.io/v2/\": no such host"
        let text = "#3 \(step)\n#3 ERROR: \(refusal)\n------\n > \(step):\n------\nfailed to solve: \(refusal)"
        let problem = read(text, .buildkit, .docker).problem
        #expect(problem.kind == .build && problem.lacksFrontend == step.hasPrefix("resolve"))
    }

    @Test func `of buildah, too`() {
        let (events, problem) = read(Self.buildah, .buildah, .buildah)
        #expect(
            events.prefix(3) == [
                .step("[1/2] STEP 1/2: FROM scratch AS a"), .step("[1/2] STEP 2/2: RUN one"), .cached("[1/2] STEP 2/2"),
            ]
        )
        #expect(events.contains(.output("hello")))
        #expect(problem.reason == "`RUN two` exited with status 3" && problem.log == ["hello"])
        #expect(problem.step == EngineStep(text: "RUN two", stage: "2", number: 2, isOfBuildKit: false))
    }

    @Test func `a full disk is told as one`() {
        let full = """
            STEP 1/1: RUN dd
            dd: error writing 'big': No space left on device
            subprocess exited with status 1
            time="now" level=error msg="error unmounting container: write /run/x: no space left on device"
            Error: 2 errors occurred:
            \t* write /x: no space left on device
            : building at STEP "RUN dd": exit status 1
            """
        let problem = read(full, .buildah, .buildah).problem
        #expect(problem.reason == "`RUN dd` exited with status 1: no space is left")
        #expect(problem.remedy.contains("`buildah rmi --prune`"))
        let docker = read(
            "#5 [1/1] RUN dd\n#5 0.1 dd: No space left on device\n#5 ERROR: exit code: 1\n",
            .buildkit,
            .docker
        )
        #expect(docker.problem.remedy.contains("`docker builder prune`"))
    }

    @Test(arguments: [
        "STEP 3/3: ENV a=b", "COMMIT", "[2/2] COMMIT", "--> 1a2b3c", String(repeating: "0a", count: 32),
        "[Warning] one or more build args were not consumed: [TARGETOS]",
    ])
    func `what buildah says of itself is no output of a step`(line: String) {
        #expect(!read(line, .buildah, .buildah).events.contains { if case .output = $0 { true } else { false } })
    }

    @Test(arguments: [
        "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
        "error during connect: Post: EOF", "rpc error: code = Unavailable desc = transport is closing",
    ])
    func `an engine that is gone is not the Dockerfile's fault`(line: String) {
        #expect(read("#5 [1/1] RUN a\n" + line, .buildkit, .docker).problem.kind == .unavailable)
        // What a step prints of its own network is the step's.
        let printed = "#5 [1/1] RUN a\n#5 0.1 \(line)\n#5 ERROR: exit code: 7\n"
        #expect(read(printed, .buildkit, .docker).problem.kind == .build)
        #expect(read("STEP 1/1: RUN a\n\(line)\nError: exit status 7", .buildah, .buildah).problem.kind == .build)
    }
}
