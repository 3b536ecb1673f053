/// Stages, bases, targets, and the values that variables have.

import Testing

@testable import Dockerfile

@Suite struct EvaluatorTests {
    private func bases(_ text: String, _ options: EvaluationOptions = EvaluationOptions()) throws -> [String] {
        try evaluate(text, options).stages.map { "\($0.index) \($0.name ?? "-") \($0.base)" }
    }

    @Test func `only the stages that the target needs are evaluated, in the order of the file`() throws {
        let text = """
            FROM scratch AS a
            FROM scratch AS unused
            COPY --chmod=nonsense x y
            FROM a AS b
            FROM scratch AS c
            COPY --from=b / /
            FROM scratch AS after
            """
        #expect(try bases(text, EvaluationOptions(target: "C")) == ["0 a scratch", "2 b stage(0)", "3 c scratch"])
        #expect(throws: DockerfileProblems.self) { try bases(text, EvaluationOptions(target: "0")) }
        #expect(try bases(text) == ["4 after scratch"])
        #expect(try evaluate(text).stageNames == ["a", "unused", "b", "c", "after"])
    }

    @Test func `a mount of RUN needs its stage`() throws {
        #expect(try bases("FROM scratch AS a\nFROM scratch\nRUN --mount=type=bind,from=a,target=/a b").count == 2)
    }

    @Test func `a name means a stage, then an image of the project, then any other image`() throws {
        let options = EvaluationOptions(projectImages: ["base": "base", "reg/x:1": "x", "a": "other"])
        let lines = ["FROM base", "FROM reg/x:1", "FROM scratch AS a", "FROM a", "FROM debian:12", "FROM base:1"]
        let all = lines.indices.map { try? bases(lines[...$0].joined(separator: "\n"), options).last }
        #expect(
            all == [
                "0 - project(\"base\")", "1 - project(\"x\")", "2 a scratch", "3 - stage(2)",
                "4 - external(\"debian:12\")", "5 - external(\"base:1\")",
            ]
        )
    }

    @Test func `FROM knows only the stages above, by their exact names`() throws {
        #expect(
            try bases("FROM a AS a\nFROM a AS a\nFROM a") == ["0 a external(\"a\")", "1 a stage(0)", "2 - stage(1)"]
        )
        #expect(try bases("FROM scratch AS a\nFROM A") == ["1 - external(\"A\")"])
    }

    @Test func `--from knows numbers, names in any case, images`() throws {
        let text = """
            FROM scratch AS a
            FROM scratch
            COPY --from=A x y
            COPY --from=0 x y
            COPY --from=base x y
            COPY --from=nginx:1 x y
            COPY --from=scratch x y
            COPY x y
            """
        let options = EvaluationOptions(projectImages: ["base": "base"])
        let found = try operations(text, options).map { operation -> Base? in
            if case .copy(let copy) = operation { copy.from } else { nil }
        }
        #expect(found == [.stage(0), .stage(0), .project("base"), .external("nginx:1"), .scratch, nil])
    }

    @Test func `global arguments fill FROM lines, given values before defaults`() throws {
        let text = "ARG TAG=1\nARG NAME=a-$TAG\nFROM ${NAME}:${TAG:-none}"
        #expect(try bases(text) == ["0 - external(\"a-1:1\")"])
        #expect(try bases(text, EvaluationOptions(arguments: [KeyValue("TAG", "2")])) == ["0 - external(\"a-2:2\")"])
        #expect(try bases("FROM a-$TARGETARCH-$BUILDOS-$TARGETSTAGE AS x") == ["0 x external(\"a-amd64-linux-x\")"])
        let arm = EvaluationOptions(arguments: [KeyValue("TARGETOS", "plan9")], platform: "linux/arm/v7")
        #expect(
            try bases("FROM $TARGETPLATFORM-$TARGETVARIANT-$TARGETOS-$TARGETSTAGE", arm) == [
                "0 - external(\"linux/arm/v7-v7-plan9-default\")"
            ]
        )
    }

    @Test(arguments: [
        // given, global, default: the user's text ends with USER $A
        ("ARG A=g\nFROM scratch\nUSER $A", nil, ""), ("ARG A=g\nFROM scratch\nARG A\nUSER $A", nil, "g"),
        ("ARG A=g\nFROM scratch\nARG A=d\nUSER $A", nil, "d"), ("ARG A=g\nFROM scratch\nARG A=d\nUSER $A", "x", "x"),
        ("FROM scratch\nARG A\nUSER $A", nil, ""), ("FROM scratch\nARG A\nUSER $A", "x", "x"),
        ("FROM scratch\nUSER $A", "x", ""),
        ("FROM scratch\nENV A=e\nARG A=d\nUSER $A", nil, "d"), ("FROM scratch\nARG A=d\nENV A=e\nUSER $A", "x", "e"),
        ("FROM scratch\nARG A=d\nENV A=${A:-e}\nUSER $A", nil, "d"),
        ("FROM scratch\nARG A=1 B=${A}2\nUSER $B", nil, "12"),
        ("FROM scratch\nENV A=1\nENV A=2 B=$A\nUSER $B", nil, "1"),
        ("FROM scratch AS a\nARG A=1\nFROM a\nUSER $A", nil, "1"),
        ("FROM scratch AS a\nARG A=1\nFROM scratch\nUSER $A", nil, ""),
        ("FROM scratch AS a\nENV A=e\nARG A=1\nFROM a\nUSER $A", nil, "e"),
        ("FROM scratch\nARG TARGETARCH\nUSER $TARGETARCH", nil, "amd64"), ("FROM scratch\nUSER $TARGETARCH", nil, ""),
        ("FROM scratch\nUSER $PATH", nil, StageState.defaultPath), ("FROM scratch\nARG A='b c'\nUSER $A", nil, "b c"),
        ("FROM scratch\nARG BUILDKIT_SBOM_SCAN_STAGE=1\nUSER $BUILDKIT_SBOM_SCAN_STAGE", nil, ""),
    ])
    func `a variable has the value that the rules give it`(text: String, given: String?, expected: String) throws {
        let options = EvaluationOptions(arguments: given.map { [KeyValue("A", "unused"), KeyValue("A", $0)] } ?? [])
        #expect(try operations(text, options).last == .user(expected))
    }

    @Test func `a project image gives its environment, folder, shell and triggers`() throws {
        let defaults = BaseDefaults(
            environment: [KeyValue("PATH", "/bin"), KeyValue("APP", "/app")],
            workingDirectory: "/srv",
            user: "me",
            shell: ["/bin/bash", "-c"],
            onBuild: ["COPY $APP sub/", "RUN make"]
        )
        let options = EvaluationOptions(projectImages: ["base": "base"], baseDefaults: ["base": defaults])
        let stage = try evaluate("# escape=`\nFROM base\nWORKDIR x\nENV B=$PATH\nCMD run", options).stages[0]
        #expect(
            stage.instructions.map(\.operation) == [
                .copy(Copy(sources: [.path("/app")], destination: "/srv/sub/")), .run(Run(text: "make")),
                .workingDirectory("/srv/x"),
                .environment([KeyValue("B", "/bin")]), .command(["/bin/bash", "-c", "run"]),
            ]
        )
        #expect(stage.instructions.map(\.line) == [2, 2, 3, 4, 5])
    }

    @Test func `a trigger runs in the stages that start from its stage, and not in theirs`() throws {
        let text = "FROM scratch AS a\nONBUILD COPY <<E /x\n$V\nE\nFROM scratch AS s\nFROM a AS b\nENV V=1\nFROM b"
        let stages = try evaluate(text).stages
        #expect(stages.map { $0.instructions.count } == [1, 2, 0])
        #expect(stages[0].instructions[0].operation == .onBuild("COPY <<E /x\n$V\nE"))
        #expect(
            stages[1].instructions[0].operation
                == .copy(Copy(sources: [.inline(name: "E", content: "\n")], destination: "/x"))
        )
        let needing = "FROM scratch AS t\nFROM scratch AS a\nONBUILD COPY --from=t / /\nFROM a"
        #expect(try evaluate(needing).stages.map(\.index) == [0, 1, 2])
    }

    @Test func `a platform is kept where it is another one`() throws {
        func platform(_ text: String) throws -> String? {
            try evaluate("FROM --platform=\(text) scratch").stages[0].platform
        }
        #expect(try platform("$TARGETPLATFORM") == nil)
        #expect(try platform("linux/x86_64") == nil)
        #expect(try platform("linux") == nil)
        #expect(try platform("arm64/v8") == "arm64/v8")
        #expect(try platform("aarch64") == "linux/arm64")
    }

    @Test func `the syntax goes along`() throws {
        #expect(try evaluate("# syntax=docker/dockerfile:1\nFROM scratch").syntax == "docker/dockerfile:1")
    }

    // MARK: Bases from elsewhere

    static let python = BaseDefaults(
        environment: [KeyValue("PATH", "/py"), KeyValue("PORT", "80")],
        workingDirectory: "/srv",
        user: "app",
        shell: ["/bin/bash", "-c"],
        onBuild: ["COPY req.txt ."]
    )

    @Test func `for another platform than the builder's, bases and arguments are those of the stage's own`() throws {
        let options = EvaluationOptions(
            externalDefaults: [
                BaseName("os", for: "linux/amd64"): BaseDefaults(user: "here"),
                BaseName("os", for: "linux/arm/v7"): BaseDefaults(user: "there", onBuild: ["ENV T=1"]),
            ],
            platform: "linux/arm/v7",
            buildPlatform: "linux/amd64"
        )
        let arguments = "ARG TARGETARCH TARGETVARIANT BUILDARCH\nENV A=$TARGETARCH-$TARGETVARIANT-$BUILDARCH\n"
        let text =
            "FROM --platform=$BUILDPLATFORM os AS a\n\(arguments)FROM --platform=$TARGETPLATFORM os\n\(arguments)"
        let stages = try evaluate(text + "COPY --from=a x y", options).stages
        #expect(stages.map(\.platform) == ["linux/amd64", nil])
        let variables = stages.map { stage in
            stage.instructions.compactMap { if case .environment(let all) = $0.operation { all } else { nil } }
        }
        let own = [KeyValue("A", "arm-v7-amd64")]
        #expect(variables == [[own], [[KeyValue("T", "1")], own]])
        var asked: [String?] = []
        let defaults = try evaluate(text, options).defaults { base, platform in
            asked.append(platform)
            return options.externalDefaults[BaseName("os", for: platform ?? "linux/arm/v7")]
        }
        #expect(defaults.user == "there" && asked == [nil])
    }

    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("Linux/x86_64", "linux/amd64"), ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"), ("linux/arm/v6", "linux/arm/v6"),
        ("a/b/c/d", nil), ("linux/", nil), ("", nil),
    ])
    func `platforms have one name`(text: String, name: String?) {
        #expect(PlatformName.normalized(text) == name)
    }

    @Test func `what a base from elsewhere hands down decides how its stage expands`() throws {
        let options = EvaluationOptions(externalDefaults: ["python:3": Self.python])
        let text = "FROM python:3 AS a\nEXPOSE $PORT\nFROM a\nCMD run\nCOPY x y/"
        let evaluation = try evaluate(text, options)
        let operations = evaluation.stages.flatMap(\.instructions).map(\.operation)
        #expect(operations[0] == .copy(Copy(sources: [.path("req.txt")], destination: "/srv/")))
        #expect(operations[1] == .expose(["80/tcp"]))
        #expect(operations[2] == .command(["/bin/bash", "-c", "run"]))
        #expect(operations[3] == .copy(Copy(sources: [.path("x")], destination: "/srv/y/")))
        let defaults = evaluation.defaults { base, _ in
            if case .external(let name) = base {
                options.externalDefaults[BaseName(name, for: "linux/amd64")]
            } else {
                nil
            }
        }
        #expect((defaults.user, defaults.workingDirectory, defaults.shell) == ("app", "/srv", ["/bin/bash", "-c"]))
        #expect(defaults.environment == Self.python.environment && defaults.onBuild.isEmpty)
    }

    @Test(arguments: [
        "FROM python:3\nCOPY $PORT x", "FROM python:3 AS a\nFROM a\nCOPY $PORT x", "FROM unsure\nCOPY $PORT x",
    ])
    func `while a base is not known, what it may hand down is not missed`(text: String) {
        var options = EvaluationOptions(projectImages: ["unsure": "unsure"])
        #expect(problems(text, options).map(\.id) == ["dockerfile-source-blank"])
        options.awaitsBases = true
        options.uncertainImages = ["unsure"]
        #expect(problems(text, options) == [])
        options.externalDefaults = ["python:3": BaseDefaults()]
        options.uncertainImages = []
        #expect(problems(text, options).map(\.id) == ["dockerfile-source-blank"])
    }
}
