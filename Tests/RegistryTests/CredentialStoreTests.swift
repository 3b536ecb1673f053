import Rigs
import Testing

@testable import Registry

@Suite struct CredentialStoreTests {
    private static func file(_ host: String, _ token: String) -> String {
        #"{"auths":{"\#(host)":{"registrytoken":"\#(token)"}}}"#
    }

    /// Writes files below a home, and looks with `$` in the environment standing for it.
    private func look(
        _ host: String = "a.example",
        _ repository: String = "x",
        _ files: [String: String],
        _ environment: [String: String] = [:]
    ) throws -> Credential {
        let home = try RigFolder()
        for (name, text) in files { try home.write(name, text) }
        var variables = environment.mapValues { $0.replacing("$", with: home.path) }
        variables["HOME"] = home.path
        variables["PATH"] = variables["PATH"] ?? "/usr/bin:/bin"
        return try CredentialStore(environment: variables, helperLimit: 20_000)
            .find(for: host, repository: repository).credential
    }

    private static let all = [
        "reg.json": file("a.example", "reg"), ".docker/config.json": file("a.example", "docker"),
        "run/containers/auth.json": file("a.example", "run"),
        ".config/containers/auth.json": file("a.example", "config"),
        "other/config.json": file("a.example", "other"), "xdg/containers/auth.json": file("a.example", "xdg"),
    ]

    @Test(arguments: [
        ([:], "docker"), (["REGISTRY_AUTH_FILE": "$/reg.json"], "reg"), (["DOCKER_CONFIG": "$/other"], "other"),
        (["DOCKER_CONFIG": "$/none", "XDG_RUNTIME_DIR": "$/run"], "run"), (["DOCKER_CONFIG": "$/none"], "config"),
        (["DOCKER_CONFIG": "$/none", "XDG_CONFIG_HOME": "$/xdg"], "xdg"),
        (["DOCKER_AUTH_CONFIG": file("a.example", "env"), "REGISTRY_AUTH_FILE": "$/reg.json"], "env"),
        (["DOCKER_AUTH_CONFIG": file("b.example", "env"), "REGISTRY_AUTH_FILE": "$/reg.json"], "reg"),
        (["DOCKER_AUTH_CONFIG": "{ broken"], "docker"),
    ])
    func `files are looked through in their order`(environment: [String: String], token: String) throws {
        #expect(try look([:].merging(Self.all) { $1 }, environment) == .registryToken(token))
    }

    @Test(arguments: [
        ("a.example", ".docker/config.json", ""), ("b.example", nil, ""),
        ("c.example", ".docker/config.json", "docker-credential-vault, named in "),
    ])
    func `where a credential is looked for is told, and no secret of it`(
        host: String,
        file: String?,
        before: String
    ) throws {
        let home = try RigFolder()
        try home.write(
            ".docker/config.json",
            #"{"auths":{"a.example":{"registrytoken":"hidden"}},"credHelpers":{"c.example":"vault"}}"#
        )
        let source = CredentialStore(environment: ["HOME": home.path]).source(of: "x", at: host)
        #expect(source == file.map { "\(before)\(home.path)/\($0)" })
    }

    private func look(_ files: [String: String], _ environment: [String: String]) throws -> Credential {
        try look("a.example", "x", files, environment)
    }

    @Test(arguments: [
        ("docker.io", "docker.io"), ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"),
        ("https://index.docker.io/v1", "docker.io"), ("a.example:5000", "a.example:5000"),
        ("https://a.example:5000", "a.example:5000"),
    ])
    func `Docker Hub and others are known by their keys`(key: String, host: String) throws {
        #expect(try look(host, "library/x", [".docker/config.json": Self.file(key, "t")]) == .registryToken("t"))
    }

    @Test func `podman keeps some by namespace`() throws {
        let files = [
            ".config/containers/auth.json":
                #"{"auths":{"q.io":{"registrytoken":"host"},"q.io/team":{"registrytoken":"team"}}}"#
        ]
        #expect(try look("q.io", "team/app/web", files) == .registryToken("team"))
        #expect(try look("q.io", "teams/app", files) == .registryToken("host"))
        #expect(try look("q.iox", "team/app", files) == .none)
    }

    @Test func `only the helper of the host that is meant is asked, and once`() throws {
        let mine = try CredentialHelper.make("mine", ["a.example": .credentials(user: "me", secret: "s")])
        let theirs = try CredentialHelper.make("theirs", [:])
        let all = try CredentialHelper.make("all", ["b.example": .credentials(user: "<token>", secret: "t")])
        let configuration = DockerConfiguration(
            auths: [
                "a.example": .password(user: "other", password: "o"), "c.example": .password(user: "c", password: "c"),
            ],
            credHelpers: ["a.example": "mine", "x.example": "theirs"],
            credsStore: "all"
        )
        let files = [".docker/config.json": try configuration.text()]
        let environment = ["PATH": [mine.path, theirs.path, all.path, "/usr/bin:/bin"].joined(separator: ":")]
        #expect(try look("a.example", "x", files, environment) == .password(user: "me", password: "s"))
        #expect(try look("b.example", "x", files, environment) == .identityToken("t"))
        // The one for all knows nothing of it, but the file does.
        #expect(try look("c.example", "x", files, environment) == .password(user: "c", password: "c"))
        #expect(try look("docker.io", "x", files, environment) == .none)
        #expect(try mine.calls().map(\.input) == ["a.example"])
        #expect(try theirs.calls().isEmpty)
        #expect(try all.calls().map(\.input) == ["b.example", "c.example", "https://index.docker.io/v1/"])
    }

    @Test func `a helper that fails is a reason only where nobody else knows`() throws {
        var files = [".docker/config.json": #"{"credsStore":"nowhere"}"#]
        #expect { try look("a.example", "x", files) } throws: {
            ($0 as? RegistryError)?.reason == "there is no program docker-credential-nowhere"
        }
        files[".config/containers/auth.json"] = Self.file("a.example", "podman")
        #expect(try look("a.example", "x", files) == .registryToken("podman"))
    }
}

private typealias CredentialHelper = Rigs.CredentialHelper
