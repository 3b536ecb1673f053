/// Each instruction with what it becomes and its history.

import Testing

@testable import Dockerfile

@Suite struct StageEvaluatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var operation: Operation
        var history: String
        var testDescription: String { text }
        init(_ text: String, _ operation: Operation, _ history: String) {
            (self.text, self.operation, self.history) = (text, operation, history)
        }
    }

    @Test(arguments: [
        Case(
            "ENV a=$V b='$V' c=\"$V\"",
            .environment([KeyValue("a", "v"), KeyValue("b", "$V"), KeyValue("c", "v")]),
            "ENV a=v b=$V c=v"
        ),
        Case("ENV a b  c", .environment([KeyValue("a", "b  c")]), "ENV a=b  c"),
        Case("LABEL $V=1 a=\"b c\"", .labels([KeyValue("v", "1"), KeyValue("a", "b c")]), "LABEL v=1 a=b c"),
        Case(
            "EXPOSE 90/UDP 80 8000-8001 $P",
            .expose(["5000/tcp", "5001/sctp", "80/tcp", "8000/tcp", "8001/tcp", "90/udp"]),
            "EXPOSE [5000/tcp 5001/sctp 80/tcp 8000/tcp 8001/tcp 90/udp]"
        ),
        Case("EXPOSE 127.0.0.1:90:80/tcp 1-3:80", .expose(["80/tcp"]), "EXPOSE [80/tcp 80/tcp]"),
        Case("EXPOSE [::1]:90:80", .expose(["80/tcp"]), "EXPOSE [80/tcp]"),
        Case("VOLUME /$V /b", .volumes(["/v", "/b"]), "VOLUME [/v /b]"),
        Case("VOLUME [\"/a b\"]", .volumes(["/a b"]), "VOLUME [/a b]"),
        Case("STOPSIGNAL SIGRTMIN+3", .stopSignal("SIGRTMIN+3"), "STOPSIGNAL SIGRTMIN+3"),
        Case("STOPSIGNAL 9", .stopSignal("9"), "STOPSIGNAL 9"),
        Case("STOPSIGNAL term", .stopSignal("term"), "STOPSIGNAL term"),
        Case(
            "HEALTHCHECK --interval=1m30s --timeout=0s --retries=3 CMD a $V",
            .healthcheck(Healthcheck(test: ["CMD-SHELL", "a $V"], interval: 90_000_000_000, retries: 3)),
            "HEALTHCHECK {Test:[CMD-SHELL a $V] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3}"
        ),
        Case(
            "HEALTHCHECK cmd [\"a\", \"b\"]",
            .healthcheck(Healthcheck(test: ["CMD", "a", "b"])),
            "HEALTHCHECK {Test:[CMD a b] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}"
        ),
        Case(
            "HEALTHCHECK NONE",
            .healthcheck(Healthcheck(test: ["NONE"])),
            "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}"
        ),
        Case(
            "HEALTHCHECK --start-period=1s --start-interval=2ms CMD a",
            .healthcheck(Healthcheck(test: ["CMD-SHELL", "a"], startPeriod: 1_000_000_000, startInterval: 2_000_000)),
            "HEALTHCHECK {Test:[CMD-SHELL a] Interval:0s Timeout:0s StartPeriod:1s StartInterval:2ms Retries:0}"
        ),
        Case("SHELL [\"/bin/bash\", \"-c\"]", .shell(["/bin/bash", "-c"]), "SHELL [/bin/bash -c]"),
        Case(
            "CMD [\"a\", \"$V\\n\\u00e9\\u0001\\\\\"]",
            .command(["a", "$V\né\u{01}\\"]),
            #"CMD ["a" "$V\né\x01\\"]"#
        ),
        Case("CMD a  \"b\" $V", .command(["/bin/sh", "-c", "a  \"b\" $V"]), #"CMD ["/bin/sh" "-c" "a  \"b\" $V"]"#),
        Case("CMD []", .command([]), "CMD []"),
        Case("ENTRYPOINT [\"a\"]", .entrypoint(["a"]), #"ENTRYPOINT ["a"]"#),
        Case("WORKDIR x/../y/", .workingDirectory("/w/y"), "WORKDIR /w/y"),
        Case("WORKDIR /x/$V/", .workingDirectory("/x/v/"), "WORKDIR /x/v/"),
        Case("WORKDIR /a/../b//c/.", .workingDirectory("/a/../b//c/."), "WORKDIR /a/../b//c/."),
        Case("CMD", .command(["/bin/sh", "-c", ""]), "CMD [\"/bin/sh\" \"-c\" \"\"]"),
        Case("ENTRYPOINT", .entrypoint(["/bin/sh", "-c", ""]), "ENTRYPOINT [\"/bin/sh\" \"-c\" \"\"]"),
        Case("WORKDIR //", .workingDirectory("//"), "WORKDIR //"),
        Case("WORKDIR ../../..", .workingDirectory("/"), "WORKDIR /"),
        Case("WORKDIR $none", .workingDirectory("/w"), "WORKDIR /w"),
        Case("USER $V:g", .user("v:g"), "USER v:g"),
        Case("MAINTAINER a $V <b@c>", .maintainer("a $V <b@c>"), "MAINTAINER a $V <b@c>"),
        Case("onbuild  RUN  a  $V", .onBuild("RUN  a  $V"), ""),
        Case("ARG a=$V", .argument(name: "a", value: "v"), "ARG a=v"),
        Case("ARG a", .argument(name: "a", value: nil), "ARG a"),
        Case("RUN a $V \\\n b", .run(Run(text: "a $V  b")), "RUN |1 P=5000 5001/sctp /bin/sh -c a $V  b # buildkit"),
        Case(
            "RUN --network=none [\"a\", \"b\"]",
            .run(Run(text: "--network=none [\"a\", \"b\"]")),
            "RUN |1 P=5000 5001/sctp a b # buildkit"
        ),
        Case(
            "RUN <<E\na\nE",
            .run(Run(text: "<<E", heredocs: [KeyValue("E", "a\n")])),
            "RUN |1 P=5000 5001/sctp /bin/sh -c a\n # buildkit"
        ),
        Case(
            "RUN <<E\n#!/b\nE",
            .run(Run(text: "<<E", heredocs: [KeyValue("E", "#!/b\n")])),
            "RUN |1 P=5000 5001/sctp /bin/sh -c /dev/pipes/E # buildkit"
        ),
        Case(
            "RUN cat <<E\na\nE",
            .run(Run(text: "cat <<E", heredocs: [KeyValue("E", "a\n")])),
            "RUN |1 P=5000 5001/sctp /bin/sh -c cat <<E\na\nE # buildkit"
        ),
        Case(
            "RUN --mount=type=secret,id=t,required --mount=source=/a/../$V,target=/x --mount=type=ssh \\\n b",
            .run(
                Run(
                    text: "--mount=type=secret,id=t,required --mount=source=/a/../$V,target=/x --mount=type=ssh  b",
                    mounts: [
                        Run.Mount(.secret, id: "t", isRequired: true), Run.Mount(source: "v", id: "x"),
                        Run.Mount(.ssh, id: "default"),
                    ]
                )
            ),
            "RUN |1 P=5000 5001/sctp /bin/sh -c b # buildkit"
        ),
    ])
    func `an instruction becomes what stands in the configuration, and its history`(test: Case) throws {
        let start = "FROM scratch\nENV V=v\nARG P='5000 5001/sctp'\nWORKDIR /w\n"
        let last = try #require(try evaluate(start + test.text).stages[0].instructions.last)
        #expect(last == EvaluatedInstruction(line: 5, operation: test.operation, history: test.history))
    }

    @Test(arguments: [
        Case("COPY a b", .copy(Copy(sources: [.path("a")], destination: "/w/b")), "COPY a b # buildkit"),
        Case(
            "COPY a $V/ ./",
            .copy(Copy(sources: [.path("a"), .path("v/")], destination: "/w/")),
            "COPY a v/ ./ # buildkit"
        ),
        Case("COPY . .", .copy(Copy(sources: [.path(".")], destination: "/w/")), "COPY . . # buildkit"),
        Case(
            "COPY a /x/../y/.",
            .copy(Copy(sources: [.path("a")], destination: "/y/.")),
            "COPY a /x/../y/. # buildkit"
        ),
        Case("COPY a /", .copy(Copy(sources: [.path("a")], destination: "/")), "COPY a / # buildkit"),
        Case("COPY a ../../..", .copy(Copy(sources: [.path("a")], destination: "/")), "COPY a ../../.. # buildkit"),
        Case("COPY a x/.", .copy(Copy(sources: [.path("a")], destination: "/w/x/.")), "COPY a x/. # buildkit"),
        Case(
            "COPY [\"a b\", \"$V\"]",
            .copy(Copy(sources: [.path("a b")], destination: "/w/v")),
            "COPY a b v # buildkit"
        ),
        Case(
            "COPY a\\ b \"c d\"",
            .copy(Copy(sources: [.path("a"), .path("b"), .path("c")], destination: "/w/d")),
            "error"
        ),
        Case(
            "COPY --chown=$V:$V --chmod=u=rwX,go=rX --link --exclude=*.o --exclude=$V a b",
            .copy(
                Copy(
                    sources: [.path("a")],
                    destination: "/w/b",
                    owner: "v:v",
                    mode: "u=rwX,go=rX",
                    isLink: true,
                    excludes: ["*.o", "$V"]
                )
            ),
            "COPY --chown=v:v --chmod=u=rwX,go=rX a b # buildkit"
        ),
        Case(
            "COPY --parents --chmod=0755 a/./b c/",
            .copy(Copy(sources: [.path("a/./b")], destination: "/w/c/", mode: "0755", keepsParents: true)),
            "COPY --parents --chmod=0755 a/./b c/ # buildkit"
        ),
        Case(
            "COPY --chmod=g=u-w+s,=,o+rt --link=false a b",
            .copy(Copy(sources: [.path("a")], destination: "/w/b", mode: "g=u-w+s,=,o+rt")),
            "COPY --chmod=g=u-w+s,=,o+rt a b # buildkit"
        ),
        Case(
            "COPY --from=scratch a b",
            .copy(Copy(sources: [.path("a")], destination: "/w/b", from: .scratch)),
            "COPY a b # buildkit"
        ),
        Case(
            "COPY <<A x <<\"B\" <<-C d/\n$V '$V' \\$V\nA\n$V\nB\n\t$V\nC",
            .copy(
                Copy(
                    sources: [
                        .path("x"), .inline(name: "A", content: "v 'v' $V\n"), .inline(name: "B", content: "$V\n"),
                        .inline(name: "C", content: "v\n"),
                    ],
                    destination: "/w/d/"
                )
            ),
            "COPY x <<A <<B <<C d/ # buildkit"
        ),
        Case(
            "ADD https://a/b git@c:d.git git://e f.tar g/",
            .copy(
                Copy(
                    isAdd: true,
                    sources: [.remote("https://a/b"), .remote("git@c:d.git"), .remote("git://e"), .path("f.tar")],
                    destination: "/w/g/"
                )
            ),
            "ADD https://a/b git@c:d.git git://e f.tar g/ # buildkit"
        ),
        Case(
            "ADD --checksum=sha256:$V --keep-git-dir --unpack=false https://a b",
            .copy(
                Copy(
                    isAdd: true,
                    sources: [.remote("https://a")],
                    destination: "/w/b",
                    otherFlags: [
                        KeyValue("checksum", "sha256:v"), KeyValue("keep-git-dir", "true"), KeyValue("unpack", "false"),
                    ]
                )
            ),
            "ADD https://a b # buildkit"
        ),
        Case(
            "ADD github.com/a/b c",
            .copy(Copy(isAdd: true, sources: [.path("github.com/a/b")], destination: "/w/c")),
            "ADD github.com/a/b c # buildkit"
        ),
        Case(
            "ADD ftp://a b",
            .copy(Copy(isAdd: true, sources: [.path("ftp://a")], destination: "/w/b")),
            "ADD ftp://a b # buildkit"
        ),
        Case(
            #"COPY a\\ b"#,
            .copy(Copy(sources: [.path("a\\")], destination: "/w/b")),
            #"COPY a\ b # buildkit"#
        ),
    ])
    func `COPY and ADD become sources and an absolute destination`(test: Case) throws {
        let start = "FROM scratch\nENV V=v\nWORKDIR /w\n"
        guard test.history != "error" else {
            #expect(!problems(start + test.text, EvaluationOptions()).isEmpty)
            return
        }
        let last = try #require(try evaluate(start + test.text).stages[0].instructions.last)
        #expect(last == EvaluatedInstruction(line: 4, operation: test.operation, history: test.history))
    }

    @Test func `an ARG with several names has one entry in the history`() throws {
        let text = "FROM scratch\nARG A=1 B C=$A\nRUN x"
        #expect(
            try operations(text).dropLast() == [
                .argument(name: "A", value: "1"), .argument(name: "B", value: nil), .argument(name: "C", value: "1"),
            ]
        )
        #expect(try history(text) == ["ARG A=1 B C=1", "", "", "RUN |3 A=1 B= C=1 /bin/sh -c x # buildkit"])
    }

    @Test func `the arguments in RUN's history are those of the base stage too, each once, with their last values`()
        throws
    {
        let text = "FROM scratch AS a\nARG A=1 B=2\nFROM a\nARG C=3\nARG A=4\nENV B=5\nRUN x"
        #expect(try history(text).last == "RUN |3 A=4 B=5 C=3 /bin/sh -c x # buildkit")
    }

    @Test func `SHELL holds for what follows, in the stages behind it too`() throws {
        let text = "FROM scratch AS a\nCMD x\nSHELL [\"s\"]\nFROM a\nENTRYPOINT y\nRUN z"
        let stages = try evaluate(text).stages
        #expect(stages[0].instructions[0].operation == .command(["/bin/sh", "-c", "x"]))
        #expect(stages[1].instructions[0].operation == .entrypoint(["s", "y"]))
        #expect(stages[1].instructions[1].history == "RUN s z # buildkit")
    }
}
