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
        /// As ARNs have it.
        var name: String
        var suffix: String
        var dualStackSuffix: String

        init(_ name: String, _ suffix: String, _ dualStackSuffix: String) {
            (self.name, self.suffix, self.dualStackSuffix) = (name, suffix, dualStackSuffix)
        }
    }

    private static let partitions = [
        (prefix: "cn-", Partition("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn")),
        (prefix: "eu-isoe-", Partition("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk")),
        (prefix: "eusc-", Partition("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu")),
        (prefix: "us-gov-", Partition("aws-us-gov", "amazonaws.com", "api.aws")),
        (prefix: "us-iso-", Partition("aws-iso", "c2s.ic.gov", "api.aws.ic.gov")),
        (prefix: "us-isob-", Partition("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud")),
        (prefix: "us-isof-", Partition("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov")),
    ]

    private static func partition(_ region: String) -> Partition {
        partitions.first { region.hasPrefix($0.prefix) }?.1 ?? Partition("aws", "amazonaws.com", "api.aws")
    }

    /// What ARNs of the region begin with after `arn:`.
    static func partitionName(_ region: String) -> String { partition(region).name }
}
