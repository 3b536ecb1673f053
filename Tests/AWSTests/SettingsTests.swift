import HTTP
import Rigs
import Testing

@testable import AWS

@Suite struct SettingsTests {
    private func settings(
        _ config: String = "",
        _ variables: [String: String] = [:],
        profile: String? = nil,
        region: String? = nil
    ) async throws -> AWSSettings {
        let desk = try Desk(
            Situation(name: "", variables: variables, config: config, profile: profile, region: region)
        )
        return try await desk.settings()
    }

    static let both =
        "[default]\nregion = eu-west-1\n[profile dev]\nregion = eu-west-2\n[profile ci]\nregion = eu-west-3\n"

    @Test func `the region is looked for from the nearest to the farthest`() async throws {
        let none = ["AWS_DEFAULT_REGION": ""]
        #expect(try await settings(Self.both, ["AWS_REGION": "us-west-1"], region: "us-west-2").region == "us-west-2")
        #expect(try await settings(Self.both, ["AWS_REGION": "us-west-1"]).region == "us-west-1")
        #expect(try await settings(Self.both).region == "eu-central-1")
        #expect(try await settings(Self.both, none).region == "eu-west-1")
        let server = try await AWSCredentialServer.start()
        let machine = [
            "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint,
        ]
        #expect(try await settings(Self.both, machine).region == "eu-west-1")
        #expect(try server.requests().isEmpty)
        #expect(try await settings("", machine).region == "ap-south-1")
    }

    @Test func `the profile is looked for from the nearest to the farthest`() async throws {
        let older = ["AWS_DEFAULT_PROFILE": "ci"]
        let newer = ["AWS_DEFAULT_PROFILE": "ci", "AWS_PROFILE": "dev"]
        #expect(try await settings(Self.both).profileName == "default")
        #expect(try await settings(Self.both, older).profileName == "ci")
        #expect(try await settings(Self.both, newer).profileName == "dev")
        #expect(try await settings(Self.both, newer, profile: "default").profileName == "default")
    }

    @Test func `what is said twice and differs is told`() async throws {
        #expect(try await settings("", ["AWS_REGION": "eu-central-1"]).warnings.isEmpty)
        #expect(try await settings("", ["AWS_REGION": "us-west-1"], region: "us-west-2").warnings.isEmpty)
        #expect(
            try await settings("", ["AWS_REGION": "us-west-1"]).warnings == [
                "AWS_REGION is us-west-1 and AWS_DEFAULT_REGION is eu-central-1: us-west-1 is taken, "
                    + "but other tools may take eu-central-1"
            ]
        )
        let profiles = ["AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "ci"]
        #expect(try await settings(Self.both, profiles).warnings.count == 1)
        #expect(try await settings(Self.both, profiles, profile: "dev").warnings.isEmpty)
    }

    @Test(arguments: [
        ("", "", "no region is known"), ("", "eu-central-1/x", "'eu-central-1/x' is no region"),
        ("[default]\nregion = Frankfurt\n", "", "'Frankfurt' is no region"),
    ])
    func `without a region there is a hint`(config: String, region: String, reason: String) async throws {
        let error = await #expect(throws: AWSError.self) { try await settings(config, ["AWS_DEFAULT_REGION": region]) }
        #expect(error?.reason == reason)
        let remedy = "set `aws: { region: … }`, AWS_REGION, or `region` in the profile default of ~/.aws/config"
        #expect(error?.remedy.hasPrefix(remedy) == true)
    }

    @Test func `endpoints are looked for from the nearest to the farthest`() async throws {
        let config = """
            [default]
            services = mine
            endpoint_url = https://all.example
            [services mine]
            ecr =
              endpoint_url = https://ecr.example
            """
        let variables = [
            "AWS_ENDPOINT_URL": "https://any.example", "AWS_ENDPOINT_URL_LAMBDA": "https://l.example:8443/x",
        ]
        let environment = try await settings(config, variables)
        #expect(try environment.endpoint(.lambda).description == "https://l.example:8443/x")
        #expect(try environment.endpoint(.ecr).host == "any.example")
        let file = try await settings(config)
        #expect(try file.endpoint(.ecr).host == "ecr.example")
        #expect(try file.endpoint(.lambda).host == "all.example")
        let ignored = try await settings(
            config,
            variables.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        )
        #expect(try ignored.endpoint(.ecr).host == "api.ecr.eu-central-1.amazonaws.com")
        #expect(try ignored.endpoint(.sso, region: "us-east-1").host == "portal.sso.us-east-1.amazonaws.com")
        let ours = try await settings("[default]\nuse_fips_endpoint = true\n")
        #expect(try ours.endpoint(.lambda).host == "lambda-fips.eu-central-1.amazonaws.com")
    }

    @Test(arguments: [
        (["AWS_ENDPOINT_URL_S3": "ftp://a"], "", "the endpoint of s3 (AWS_ENDPOINT_URL_S3) is no address"),
        (["AWS_ENDPOINT_URL": "http://me:geheim@a"], "", "the endpoint of s3 (AWS_ENDPOINT_URL) is no address"),
        ([:], "endpoint_url = x y\n", "the endpoint of s3 (`endpoint_url` of the profile default) is no address"),
        (
            [:], "services = mine\n",
            "the profile default names `services = mine`, and ~/.aws/config has no such section"
        ),
    ])
    func `an endpoint that is none is told with its place`(
        variables: [String: String],
        line: String,
        reason: String
    ) async throws {
        let settings = try await settings("[default]\n\(line)", variables)
        #expect { try settings.endpoint(.s3) } throws: { ($0 as? AWSError)?.reason == reason }
    }

    @Test(arguments: [
        ("", "contexts", "", false), ("", "my.contexts", "", true), ("", "My_contexts", "", true),
        ("http://127.0.0.1:9000", "contexts", "", true), ("http://[::1]:9000", "contexts", "", true),
        ("http://10.1.2.3", "contexts", "", true), ("http://localhost:9000", "contexts", "", true),
        ("https://minio.example", "contexts", "", false), ("", "contexts", "s3 =\n  addressing_style = path\n", true),
    ])
    func `a bucket stands in the path where it can be in no host`(
        endpoint: String,
        bucket: String,
        line: String,
        isInPath: Bool
    ) async throws {
        let settings = try await settings("[default]\n\(line)", ["AWS_ENDPOINT_URL_S3": endpoint])
        #expect(try settings.isPathStyle(bucket) == isInPath)
    }

    @Test func `authorities are read from the file that is named`() async throws {
        let text = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
        func authorities(_ variables: [String: String], _ line: String = "") async throws -> [UInt8] {
            let files = ["ca.pem": text, "empty.pem": ""]
            let config = "[default]\n\(line)"
            let situation = Situation(name: "", variables: variables, config: config, files: files)
            return try await Desk(situation).settings().trust.authorities
        }
        #expect(try await authorities([:]).isEmpty)
        #expect(try await authorities(["AWS_CA_BUNDLE": "{home}/ca.pem"]) == Array(text.utf8))
        #expect(try await authorities([:], "ca_bundle = ~/ca.pem\n") == Array(text.utf8))
        for name in ["empty.pem", "none.pem"] {
            await #expect(throws: AWSError.self) { try await authorities(["AWS_CA_BUNDLE": "{home}/\(name)"]) }
        }
    }

    @Test func `a client tries as often as the profile says`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.faults = ["sts": 503] }
        let config = "[default]\nmax_attempts = 2\naws_access_key_id = AKIDUSER\naws_secret_access_key = user-secret\n"
        let desk = try Desk(Situation(name: "", config: config), server.endpoint)
        let settings = try await desk.settings()
        let client = settings.client(desk.parts, CredentialChain(settings, desk.parts))
        await #expect(throws: AWSError.self) { try await client.query(.sts, "GetCallerIdentity", []) }
        #expect(try server.requests().count == 2)
    }
}
