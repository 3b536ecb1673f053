import Foundation
import Rigs
import Testing

@testable import AWS

@Suite struct EndpointsTests {
    private struct Question: Encodable { var hosts: [String] }

    private struct Answer: Decodable {
        struct Host: Decodable {
            var service: String
            var region: String
            var fips: Bool
            var dual: Bool
            var url: String
        }
        var hosts: [Host]
    }

    @Test(arguments: [
        (AWSService.ecr, "eu-central-1", false, false, "api.ecr.eu-central-1.amazonaws.com"),
        (.s3, "cn-north-1", false, false, "s3.cn-north-1.amazonaws.com.cn"),
        (.lambda, "us-east-1", true, false, "lambda-fips.us-east-1.amazonaws.com"),
        (.ecr, "us-east-1", true, true, "ecr-fips.us-east-1.api.aws"),
        (.s3, "us-east-1", false, true, "s3.dualstack.us-east-1.amazonaws.com"),
        (.sts, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"),
    ])
    func `a host is named after its service and region`(
        service: AWSService,
        region: String,
        isFIPS: Bool,
        isDualStack: Bool,
        host: String
    ) {
        #expect(AWSEndpoints(isFIPS: isFIPS, isDualStack: isDualStack).host(service, region: region) == host)
    }

    @Test(.enabled(if: Botocore.isThere, "no Python here has botocore"))
    func `hosts are those of botocore`() async throws {
        let regions = [
            "us-east-1", "eu-central-1", "ap-southeast-7", "us-gov-west-1", "us-gov-east-1", "cn-north-1",
            "us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1",
        ]
        let data = try await Botocore.ask(Question(hosts: regions))
        let hosts = try JSONDecoder().decode(Answer.self, from: data).hosts
        #expect(hosts.count > 300)
        for host in hosts {
            let service = try #require(AWSService(rawValue: host.service))
            // S3's oldest name means this region alone, and is one that S3 itself wants to see replaced.
            if service == .s3, host.region == "us-east-1", !host.fips, !host.dual { continue }
            let endpoints = AWSEndpoints(isFIPS: host.fips, isDualStack: host.dual)
            #expect("https://\(endpoints.host(service, region: host.region))" == host.url)
        }
    }
}
