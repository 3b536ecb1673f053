/// Which profile, region and endpoints hold, out of imgwatch's configuration, the environment and AWS's own files.

package import HTTP

package struct AWSSettings: Sendable {
    package let profileName: String
    package let region: String
    /// What is configured in two ways that differ; one sentence each, for people.
    package let warnings: [String]
    /// With the authorities of `AWS_CA_BUNDLE`.
    package let trust: HTTPTrust
    /// imgwatch's own configuration names the profile: then the environment gives no credentials.
    let isProfileExplicit: Bool
    let environment: [String: String]
    private let profiles: AWSProfiles
    private let profile: AWSSection

    /// Reads the files, and asks EC2's metadata service for the region where nothing else says it.
    ///
    /// `profile` and `region` are those of imgwatch's own configuration.
    package static func load(
        _ parts: AWSParts,
        profile: String? = nil,
        region: String? = nil
    ) async throws(AWSError) -> AWSSettings {
        let environment = parts.environment
        let profiles = try AWSProfiles.load(environment)
        let (name, source) = profileName(explicit: profile, environment)
        let section = try profiles.existing(name, namedBy: source)
        let known =
            region ?? environment["AWS_REGION"].filled ?? environment["AWS_DEFAULT_REGION"].filled
            ?? section["region"]
        let metadata = InstanceMetadata(parts, section)
        let found = if let known { known } else { try await metadata.region() }
        return AWSSettings(
            profileName: name,
            region: try checked(found, of: name, profiles),
            warnings: warnings(environment, profile: profile, region: region),
            trust: try trust(environment, section),
            isProfileExplicit: profile != nil,
            environment: environment,
            profiles: profiles,
            profile: section
        )
    }

    /// With the place where it is named.
    private static func profileName(explicit: String?, _ environment: [String: String]) -> (String, String) {
        if let explicit { return (explicit, "`profile` in `aws:`") }
        for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            if let name = environment[variable].filled { return (name, variable) }
        }
        return ("default", "the default")
    }

    /// It becomes a part of hosts' names.
    private static func checked(
        _ region: String?,
        of profile: String,
        _ profiles: AWSProfiles
    ) throws(AWSError) -> String {
        let remedy =
            "set `aws: { region: … }`, AWS_REGION, or `region` in the profile \(profile) of "
            + profiles.configPath
        guard let region else { throw AWSError("no region is known", remedy: remedy) }
        let isSound =
            !region.isEmpty
            && region.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
            }
        guard isSound else { throw AWSError("'\(region)' is no region", remedy: "\(remedy), as in `eu-central-1`") }
        return region
    }

    private static func warnings(_ environment: [String: String], profile: String?, region: String?) -> [String] {
        let pairs =
            (profile == nil ? [("AWS_PROFILE", "AWS_DEFAULT_PROFILE")] : [])
            + (region == nil ? [("AWS_REGION", "AWS_DEFAULT_REGION")] : [])
        return pairs.compactMap { first, second in
            guard let taken = environment[first].filled, let other = environment[second].filled, taken != other else {
                return nil
            }
            return
                "\(first) is \(taken) and \(second) is \(other): \(taken) is taken, but other tools may take \(other)"
        }
    }

    private static func trust(
        _ environment: [String: String],
        _ profile: AWSSection
    ) throws(AWSError) -> HTTPTrust {
        let (path, source) =
            environment["AWS_CA_BUNDLE"].filled.map { ($0, "AWS_CA_BUNDLE") }
            ?? (profile["ca_bundle"] ?? "", "`ca_bundle` of the profile")
        guard !path.isEmpty else { return HTTPTrust() }
        let files = AWSFiles(environment)
        guard let text = files.text(files.expanded(path)), text.contains("-----BEGIN CERTIFICATE-----") else {
            throw AWSError("\(path) (\(source)) holds no certificates", remedy: "name a file with certificates as PEM")
        }
        return HTTPTrust(authorities: Array(text.utf8))
    }

    // MARK: Endpoints

    /// Where a service is reached; `region` is another than ours for sessions of IAM Identity Center.
    package func endpoint(_ service: AWSService, region: String? = nil) throws(AWSError) -> WebAddress {
        let configured = try configuredEndpoint(service)
        let hosts = AWSEndpoints(
            isFIPS: flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            isDualStack: flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
        )
        let text = configured?.url ?? "https://\(hosts.host(service, region: region ?? self.region))"
        guard let address = WebAddress(parsing: text), address.query == nil else {
            let source = configured?.source ?? "the region"
            throw AWSError(
                "the endpoint of \(service.rawValue) (\(source)) is no address",
                remedy: "write it as in `https://host` or `http://127.0.0.1:4566`"
            )
        }
        return address
    }

    /// What the user names, with where; nil where AWS's own host is meant.
    private func configuredEndpoint(_ service: AWSService) throws(AWSError) -> (url: String, source: String)? {
        guard !flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls") else { return nil }
        for variable in ["AWS_ENDPOINT_URL_\(service.endpointName)", "AWS_ENDPOINT_URL"] {
            if let url = environment[variable].filled { return (url, variable) }
        }
        if let name = profile["services"] {
            guard let section = profiles.services[name] else {
                throw AWSError(
                    "the profile \(profileName) names `services = \(name)`, and \(profiles.configPath) has no "
                        + "such section",
                    remedy: "write a section [services \(name)], or take the line out"
                )
            }
            let url = section.blocks[service.endpointName.lowercased()]?["endpoint_url"]
            if let url = url.filled { return (url, "[services \(name)]") }
        }
        return profile["endpoint_url"].filled.map { ($0, "`endpoint_url` of the profile \(profileName)") }
    }

    /// Whether a bucket stands in the path and not in the host.
    package func isPathStyle(_ bucket: String) throws(AWSError) -> Bool {
        if profile.blocks["s3"]?["addressing_style"]?.lowercased() == "path" { return true }
        // No certificate is for `a.b.s3.…`, and only such names are hosts.
        let isLabel = bucket.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        guard isLabel else { return true }
        let host = try endpoint(.s3).host
        let isNumber = host.hasPrefix("[") || host.utf8.allSatisfy { (0x2E...0x39).contains($0) }
        return isNumber || HostKind(host) == .loopback
    }

    private func flag(_ variable: String, _ key: String) -> Bool {
        (environment[variable].filled ?? profile[key])?.lowercased() == "true"
    }

    // MARK: Clients

    /// A client with these endpoints; without a source its requests are not signed.
    package func client(
        _ parts: AWSParts,
        _ source: (any AWSCredentialSource)?,
        region: String? = nil
    ) -> AWSClient {
        var parts = parts
        if parts.environment["AWS_MAX_ATTEMPTS"].filled == nil {
            parts.environment["AWS_MAX_ATTEMPTS"] = profile["max_attempts"]
        }
        let region = region ?? self.region
        return AWSClient(
            region: region,
            parts: parts,
            endpoint: { service throws(AWSError) in try endpoint(service, region: region) },
            source: source,
            trust: trust
        )
    }
}
