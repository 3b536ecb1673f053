import Testing

@testable import OCI

@Suite struct ImageConfigurationCodingTests {
    private static var full: ImageConfiguration {
        var configuration = ImageConfiguration(architecture: "arm", operatingSystem: "linux", variant: "v7")
        configuration.created = "1970-01-01T00:00:00Z"
        configuration.author = "someone"
        configuration.execution.user = "app"
        configuration.execution.exposedPorts = ["8080/tcp", "53/udp"]
        configuration.execution.environment = ["Z=1", "A=2"]
        configuration.execution.entrypoint = ["/bin/app"]
        configuration.execution.command = ["a b", "c"]
        configuration.execution.volumes = ["/data"]
        configuration.execution.workingDirectory = "/srv"
        configuration.execution.labels = ["b": "2", "a": "1"]
        configuration.execution.stopSignal = "SIGINT"
        configuration.execution.argumentsEscaped = true
        configuration.execution.healthcheck = .init()
        configuration.execution.healthcheck?.test = ["CMD", "true"]
        configuration.execution.healthcheck?.interval = 5_000_000_000
        configuration.execution.healthcheck?.retries = 3
        configuration.execution.onBuild = ["RUN x"]
        configuration.execution.shell = ["/bin/bash", "-c"]
        configuration.diffIDs = [Digest.sha256(of: [])]
        configuration.history = [
            .init(created: "1970-01-01T00:00:00Z", createdBy: "COPY a b", comment: "c"),
            .init(created: nil, createdBy: "ENV A=2", author: "me", isEmptyLayer: true),
        ]
        return configuration
    }

    @Test func `a configuration has the keys in BuildKit's order`() {
        let expected = """
            {"architecture":"arm","author":"someone","config":{"User":"app","ExposedPorts":{"53/udp":{},"8080/tcp":{}},\
            "Env":["Z=1","A=2"],"Entrypoint":["/bin/app"],"Cmd":["a b","c"],"Volumes":{"/data":{}},"WorkingDir":"/srv",\
            "Labels":{"a":"1","b":"2"},"StopSignal":"SIGINT","ArgsEscaped":true,"Healthcheck":{"Test":["CMD","true"],\
            "Interval":5000000000,"Retries":3},"OnBuild":["RUN x"],"Shell":["/bin/bash","-c"]},\
            "created":"1970-01-01T00:00:00Z","history":[{"created":"1970-01-01T00:00:00Z","created_by":"COPY a b",\
            "comment":"c"},{"created_by":"ENV A=2","author":"me","empty_layer":true}],"os":"linux","rootfs":{"type":\
            "layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},\
            "variant":"v7"}
            """
        #expect(String(decoding: Self.full.encoded(), as: UTF8.self) == expected)
    }

    @Test func `a configuration survives its bytes`() throws {
        #expect(try ImageConfiguration(decoding: Self.full.encoded()) == Self.full)
        let empty = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        #expect(try ImageConfiguration(decoding: empty.encoded()) == empty)
    }

    @Test(.enabled(if: Oracles.has("buildkit-goldens"), "shared/oracles is not on this machine"))
    func `another builder's configuration is read, and its bytes can be written again`() throws {
        let golden = try Oracles.read("buildkit-goldens/common/gzip-level-0/v30/config.json")
        #expect(try JSON(parsing: golden, subject: "golden").encoded() == golden)
        let configuration = try ImageConfiguration(decoding: golden)
        #expect(configuration.execution.command == ["sh"])
        #expect(configuration.diffIDs.count == 4)
        #expect(configuration.history.map(\.isEmptyLayer) == [false, true, false, false, false])
        #expect(configuration.created == "2015-10-21T07:28:00Z")
    }

    @Test(arguments: ["{}", #"{"architecture":"a"}"#, #"{"architecture":"a","os":"b","rootfs":{"diff_ids":["x"]}}"#])
    func `what is no configuration is refused`(text: String) {
        #expect(throws: OCIError.self) { try ImageConfiguration(decoding: Array(text.utf8)) }
    }
}
