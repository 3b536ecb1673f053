/// The names of AWS's hosts: what a service is called in a region, where nothing else is configured.

/// Source: the rules of endpoints in botocore 1.43; `EndpointsTests` holds these against those.
struct AWSEndpoints: Sendable {
    /// Hosts whose cryptography is validated for use by the US government.
    var isFIPS = false
    /// Hosts that have addresses of IP version 6 as well.
    var isDualStack = false

    func host(_ service: AWSService, region: String) -> String {
        let partition = Self.partition(region)
        let fips = isFIPS && !isPlainFIPS(service, region) ? "-fips" : ""
        guard isDualStack else { return "\(service.hostPrefix)\(fips).\(region).\(partition.suffix)" }
        switch service {
        case .s3: return "s3\(fips).dualstack.\(region).\(partition.suffix)"
        case .ecr: return "ecr\(fips).\(region).\(partition.dualStackSuffix)"
        default: return "\(service.hostPrefix)\(fips).\(region).\(partition.dualStackSuffix)"
        }
    }

    /// In GovCloud these hosts are validated under their plain names.
    private func isPlainFIPS(_ service: AWSService, _ region: String) -> Bool {
        guard region.hasPrefix("us-gov-"), !isDualStack else { return false }
        return [.logs, .sts, .cloudformation, .sso, .ssoOIDC].contains(service)
    }

    private struct Partition {
        var prefix: String
        var suffix: String
        var dualStackSuffix: String
    }

    private static let partitions = [
        Partition(prefix: "cn-", suffix: "amazonaws.com.cn", dualStackSuffix: "api.amazonwebservices.com.cn"),
        Partition(prefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dualStackSuffix: "api.cloud-aws.adc-e.uk"),
        Partition(prefix: "eusc-", suffix: "amazonaws.eu", dualStackSuffix: "api.amazonwebservices.eu"),
        Partition(prefix: "us-iso-", suffix: "c2s.ic.gov", dualStackSuffix: "api.aws.ic.gov"),
        Partition(prefix: "us-isob-", suffix: "sc2s.sgov.gov", dualStackSuffix: "api.aws.scloud"),
        Partition(prefix: "us-isof-", suffix: "csp.hci.ic.gov", dualStackSuffix: "api.aws.hci.ic.gov"),
    ]

    private static func partition(_ region: String) -> Partition {
        partitions.first { region.hasPrefix($0.prefix) }
            ?? Partition(prefix: "", suffix: "amazonaws.com", dualStackSuffix: "api.aws")
    }
}
