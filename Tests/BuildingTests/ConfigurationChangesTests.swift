import Dockerfile
import OCI
import Testing

@testable import Building

@Suite struct ConfigurationChangesTests {
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    @Test func `a configuration has BuildKit's bytes`() throws {
        let workshop = try Workshop()
        let image = try workshop.build(
            """
            FROM scratch
            ARG VERSION=1
            ENV A=1 B="two words"
            ENV A=3
            LABEL b=2 a=1
            EXPOSE 8080 53/udp
            VOLUME /data
            USER app
            WORKDIR /srv
            STOPSIGNAL SIGINT
            HEALTHCHECK --interval=5s --retries=3 CMD true
            ENTRYPOINT ["/bin/app"]
            CMD run <this> & that
            ONBUILD COPY . /src
            """
        )
        let time = #""created":"1970-01-01T00:00:00Z""#
        func entry(_ text: String, isEmpty: Bool = true) -> String {
            let end = isEmpty ? #","empty_layer":true}"# : "}"
            return #"{\#(time),"created_by":\#(text),"comment":"buildkit.dockerfile.v0"\#(end)"#
        }
        let command = #"["/bin/sh","-c","run \u003cthis\u003e \u0026 that"]"#
        let history = [
            entry(#""ARG VERSION=1""#), entry(#""ENV A=1 B=two words""#), entry(#""ENV A=3""#),
            entry(#""LABEL b=2 a=1""#), entry(#""EXPOSE [53/udp 8080/tcp]""#), entry(#""VOLUME [/data]""#),
            entry(#""USER app""#), entry(#""WORKDIR /srv""#, isEmpty: false), entry(#""STOPSIGNAL SIGINT""#),
            image.configuration.history.first { $0.createdBy.hasPrefix("HEALTHCHECK") }.map {
                entry(String(decoding: JSON.text($0.createdBy).encoded(), as: UTF8.self))
            } ?? "",
            entry(#""ENTRYPOINT [\"/bin/app\"]""#),
            entry(#""CMD [\"/bin/sh\" \"-c\" \"run \u003cthis\u003e \u0026 that\"]""#),
        ]
        let expected = """
            {"architecture":"amd64","config":{"User":"app","ExposedPorts":{"53/udp":{},"8080/tcp":{}},\
            "Env":["\(Self.path)","A=3","B=two words"],"Entrypoint":["/bin/app"],"Cmd":\(command),\
            "Volumes":{"/data":{}},"WorkingDir":"/srv","Labels":{"a":"1","b":"2"},"StopSignal":"SIGINT",\
            "ArgsEscaped":true,"Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":3},\
            "OnBuild":["COPY . /src"]},\
            \(time),"history":[\(history.joined(separator: ","))],"os":"linux",\
            "rootfs":{"type":"layers","diff_ids":["\(try #require(image.layers.first).diffID)"]}}
            """
        #expect(String(decoding: image.configuration.encoded(), as: UTF8.self) == expected)
    }

    private static func base() -> ImageConfiguration {
        var base = ImageConfiguration(architecture: "arm64", operatingSystem: "linux")
        base.created = "2020-01-01T00:00:00Z"
        base.execution.environment = ["X=1"]
        base.execution.command = ["base"]
        base.execution.onBuild = ["RUN x"]
        return base
    }

    @Test func `a child inherits, without triggers and with a path`() {
        let child = StageConfiguration(inheriting: Self.base()).configuration
        #expect(child.created == StageConfiguration.time)
        #expect(child.execution.environment == ["X=1", Self.path])
        #expect(child.execution.onBuild.isEmpty)
        #expect(child.execution.command == ["base"])
        #expect(child.architecture == "arm64")
    }

    @Test(
        arguments: [
            ([.entrypoint(["e"])], []), ([.command(["c"]), .entrypoint(["e"])], ["c"]),
            ([.entrypoint(["e"]), .command(["c"])], ["c"]), ([.command([])], []), ([.user("u")], ["base"]),
        ] as [([Operation], [String])]
    )
    func `an entrypoint drops the base's command, not the stage's`(operations: [Operation], command: [String]) {
        var configuration = StageConfiguration(inheriting: Self.base())
        for operation in operations { configuration.apply(operation) }
        #expect(configuration.configuration.execution.command == command)
    }

    @Test func `the rest of the metadata`() {
        var configuration = StageConfiguration(inheriting: Self.base())
        configuration.apply(.shell(["/bin/bash", "-c"]))
        configuration.apply(.maintainer("me"))
        configuration.apply(.healthcheck(Healthcheck(test: ["NONE"])))
        configuration.apply(.environment([KeyValue("X", "2"), KeyValue("XY", "3")]))
        let result = configuration.configuration
        #expect(result.execution.shell == ["/bin/bash", "-c"])
        #expect(result.author == "me")
        #expect(result.execution.healthcheck?.test == ["NONE"])
        #expect(result.execution.environment == ["X=2", Self.path, "XY=3"])
    }

    @Test func `names that only look the same are others, and a mark behind one does not hide it`() {
        var configuration = StageConfiguration(inheriting: Self.base())
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        configuration.apply(.environment([KeyValue("X", "\u{301}"), KeyValue("X", "2")]))
        configuration.apply(.environment([KeyValue(composed, "1"), KeyValue(decomposed, "2")]))
        configuration.apply(.labels([KeyValue(composed, "1"), KeyValue(decomposed, "2")]))
        configuration.apply(.volumes(["/" + composed, "/" + decomposed]))
        let result = configuration.configuration.execution
        #expect(result.environment.count == 4 && result.environment[0] == "X=2")
        #expect(result.labels.count == 2 && result.volumes.count == 2)
    }

    @Test(arguments: ["linux/amd64", "linux/arm64", "linux/arm/v7"])
    func `a platform is taken apart`(text: String) throws {
        let platform = try Platform(text)
        let parts = [platform.system, platform.architecture, platform.variant].filter { !$0.isEmpty }
        #expect(parts.joined(separator: "/") == text)
    }

    @Test(arguments: ["", "linux", "windows/amd64", "linux/", "linux/a/b/c"])
    func `what is no platform is an error`(text: String) {
        #expect(throws: BuildProblem.self) { try Platform(text) }
    }
}
