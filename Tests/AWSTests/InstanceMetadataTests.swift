import HTTP
import Rigs
import Synchronization
import Testing

@testable import AWS

@Suite struct InstanceMetadataTests {
    private func metadata(
        _ server: AWSCredentialServer,
        _ change: (inout AWSParts) -> Void = { _ in }
    ) throws -> InstanceMetadata {
        let variables = ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint]
        var parts = try Desk(Situation(name: "", variables: variables)).parts
        change(&parts)
        return InstanceMetadata(parts, AWSSection())
    }

    @Test func `a machine of EC2 says its role and its region`() async throws {
        let server = try await AWSCredentialServer.start()
        let metadata = try metadata(server)
        #expect(try await metadata.region() == "ap-south-1")
        let found = try await metadata.credentials()
        #expect(found?.accessKeyID == "ASIA1MACHINE")
        #expect(found?.provider == "EC2's role machine")
        let methods = try server.requests().map(\.method)
        #expect(methods == ["PUT", "GET", "PUT", "GET", "GET"])
    }

    @Test func `elsewhere there is none`() async throws {
        let server = try await AWSCredentialServer.start()
        try server.set { $0.role = "" }
        #expect(try await metadata(server).credentials() == nil)
        try server.set { $0.metadata = false }
        #expect(try await metadata(server).credentials() == nil)
        #expect(try await metadata(server).region() == nil)
    }

    @Test func `who does not answer in time is not there`() async throws {
        let server = try await AWSCredentialServer.start()
        let asked = Mutex<[Duration]>([])
        let metadata = try metadata(server) { parts in
            let pause = parts.pause
            parts.send = { request async throws(HTTPError) in
                try? await pause(.seconds(1000))
                throw HTTPError.notNeeded(request.address)
            }
            parts.pause = { duration in asked.withLock { $0.append(duration) } }
        }
        #expect(try await metadata.credentials() == nil)
        #expect(asked.withLock(\.self) == [.seconds(1)])
    }

    @Test(arguments: [
        ([:], "http://169.254.169.254"), (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
    ])
    func `it is where EC2 has it`(variables: [String: String], origin: String) async throws {
        let asked = Mutex<[String]>([])
        var parts = try Desk(Situation(name: "")).parts
        parts.environment = variables
        parts.send = { request async throws(HTTPError) in
            asked.withLock { $0.append(request.address.description) }
            throw HTTPError.notNeeded(request.address)
        }
        #expect(try await InstanceMetadata(parts, AWSSection()).region() == nil)
        #expect(asked.withLock(\.self) == ["\(origin)/latest/api/token"])
    }
}
