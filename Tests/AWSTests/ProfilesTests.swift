import Foundation
import Rigs
import Testing

@testable import AWS

@Suite struct ProfilesTests {
    private func profiles(
        _ config: String,
        _ credentials: String = "",
        files: [String: String] = [:],
        variables: [String: String] = [:]
    ) throws -> AWSProfiles {
        let folder = try RigFolder()
        let situation = Situation(
            name: "",
            variables: variables,
            config: config,
            credentials: credentials,
            files: files
        )
        return try AWSProfiles.load(try situation.set(up: folder, ""))
    }

    @Test func `profiles of both files are joined, and sections are told apart`() throws {
        let profiles = try profiles(
            """
            [default]
            region = a
            [profile dev]
            region = b
            output = json
            [profile 'my dev']
            region = c
            [other]
            region = d
            [sso-session work]
            sso_region = e
            [services mine]
            s3 =
              endpoint_url = f
            """,
            "[dev]\nregion = g\n[ci]\nregion = h\n"
        )
        #expect(profiles.names == ["ci", "default", "dev", "my dev"])
        #expect(profiles.profile("dev")?.values == ["region": "g", "output": "json"])
        #expect(profiles.configured["dev"]?["region"] == "b")
        #expect(profiles.profile("my dev")?["region"] == "c")
        #expect(profiles.profile("other") == nil)
        #expect(profiles.ssoSessions["work"]?["sso_region"] == "e")
        #expect(profiles.services["mine"]?.blocks["s3"]?["endpoint_url"] == "f")
    }

    @Test func `a profile that is missing is told with those that are there`() throws {
        let profiles = try profiles("[profile dev]\nregion = a\n", "[ci]\n")
        #expect(try profiles.existing("default", namedBy: "the default") == AWSSection())
        let error = #expect(throws: AWSError.self) { try profiles.existing("prod", namedBy: "AWS_PROFILE") }
        #expect(
            error?.reason == "there is no profile prod (AWS_PROFILE) in ~/.aws/config or ~/.aws/credentials; "
                + "there are ci, dev"
        )
    }

    @Test func `files lie where the environment says`() throws {
        let elsewhere = ["AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": "{home}/k"]
        let profiles = try profiles(
            "[default]\nregion = no\n",
            files: ["c": "[default]\nregion = yes\n", "k": "[dev]\n"],
            variables: elsewhere
        )
        #expect(profiles.profile("default")?["region"] == "yes")
        #expect(profiles.names == ["default", "dev"])
        #expect((profiles.configPath, profiles.credentialsPath) == ("~/c", "~/k"))
    }

    @Test func `no files are no profiles`() throws {
        #expect(try profiles("").names.isEmpty)
        #expect(try profiles("", variables: ["AWS_CONFIG_FILE": "{home}"]).names.isEmpty)
    }

    @Test func `what is no text is told`() throws {
        let folder = try RigFolder()
        try folder.write(".aws/credentials", "")
        let path = folder.path + "/.aws/credentials"
        #expect(FileManager.default.createFile(atPath: path, contents: Data([0xFF, 0xFE, 0x00])))
        let error = #expect(throws: AWSError.self) { try AWSProfiles.load(["HOME": folder.path]) }
        #expect(error?.reason == "~/.aws/credentials can't be read")
    }
}
