/// What of AWS could keep a project from building there: each thing is asked for once, and what is wrong is named.

import AWS
import Foundation
import HTTP
import Project
import Reporting

struct CloudDoctor: Sendable {
    typealias Line = Checkup.Line

    let project: Project
    let access: CloudAccess
    let environment: [String: String]
    let template: StackTemplate

    init(_ project: Project, _ access: CloudAccess, _ environment: [String: String]) {
        (self.project, self.access, self.environment) = (project, access, environment)
        template = StackTemplate(of: project, stack: nil)
    }

    /// All sections at once.
    func checkup() async -> Checkup {
        let client: AWSClient
        do throws(AWSError) { client = try await access.client() } catch {
            return Checkup([Checkup.Section("account", [Self.line(error)])])
        }
        let examinations: [(name: String, work: @Sendable () async throws(AWSError) -> [Line])] = [
            ("account", { () async throws(AWSError) in try await account(client) }),
            ("endpoints", { () async throws(AWSError) in try endpoints(client) }),
            ("bucket", { () async throws(AWSError) in try await bucket(client) }),
            ("builds", { () async throws(AWSError) in try await builds(client) }),
            ("pipeline", { () async throws(AWSError) in try await pipeline(client) }),
            ("repositories", { () async throws(AWSError) in await repositories(client) }),
            ("functions", { () async throws(AWSError) in await functions(client) }),
        ]
        let sections = await withTaskGroup(of: (Int, Checkup.Section).self) { group in
            for (position, examination) in examinations.enumerated() {
                group.addTask {
                    let lines = await Deadline.within(.seconds(Self.patience)) { () async -> [Line] in
                        do throws(AWSError) { return try await examination.work() } catch { return [Self.line(error)] }
                    }
                    return (position, Checkup.Section(examination.name, lines ?? [Self.silence]))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Checkup(sections)
    }

    /// Seconds.
    private static let patience = 20
    private static let silence = Line(
        .problem,
        "AWS did not answer within \(patience) s",
        remedies: ["check the network, a proxy, and the endpoints"]
    )

    /// The remedy is not to look here.
    static func line(_ error: AWSError) -> Line {
        let isCircular = error.remedy.hasPrefix("`imgwatch aws doctor`")
        return Line(.problem, error.reason, remedies: isCircular || error.remedy.isEmpty ? [] : [error.remedy])
    }

    // MARK: Account

    private func account(_ client: AWSClient) async throws(AWSError) -> [Line] {
        let identity = try await Identity.current(client)
        return [Line(.ok, "account \(identity.account), as \(identity.arn), by credentials of \(identity.provider)")]
            + regions(client) + registry(client, identity) + clock(identity)
    }

    /// Tools of AWS do not agree on which of the two variables they read.
    private func regions(_ client: AWSClient) -> [Line] {
        let names = ["AWS_REGION", "AWS_DEFAULT_REGION"].compactMap { environment[$0] }.filter { !$0.isEmpty }
        guard Set(names).count > 1 else { return [Line(.ok, "region \(client.region)")] }
        return [
            Line(
                .note,
                "region \(client.region), but AWS_REGION is \(names[0]) and AWS_DEFAULT_REGION is \(names[1])",
                remedies: ["let both say the same: other tools read the other one"]
            )
        ]
    }

    private func registry(_ client: AWSClient, _ identity: Identity) -> [Line] {
        guard let host = project.registryHost else {
            return [
                Line(
                    .note,
                    "the project's images go to no registry of ECR",
                    remedies: ["registry: \(identity.account).dkr.ecr.\(client.region).amazonaws.com"]
                )
            ]
        }
        guard let region = ECR.region(of: host) else {
            let isLocal = WebAddress(parsing: "https://\(host)/").map { HostKind($0.host) == .loopback } ?? false
            return isLocal ? [] : [Line(.note, "the registry \(host) is none of ECR: it is not looked at here")]
        }
        var lines: [Line] = []
        if region != client.region {
            lines.append(
                Line(
                    .problem,
                    "the registry lies in \(region), and functions and builds in \(client.region)",
                    remedies: ["set `region: \(region)` in `aws:`, or take the registry of \(client.region)"]
                )
            )
        }
        let account = String(host.prefix { $0 != "." })
        if account != identity.account {
            lines.append(
                Line(
                    .problem,
                    "the registry is account \(account)'s, and the credentials are account \(identity.account)'s",
                    remedies: ["take credentials of account \(account), or its registry: see `profile` in `aws:`"]
                )
            )
        }
        return lines.isEmpty ? [Line(.ok, "the registry \(host) is of this account and region")] : lines
    }

    private func clock(_ identity: Identity) -> [Line] {
        guard let skew = identity.skew, abs(skew) > Self.tolerableSkew else { return [] }
        let way = skew > 0 ? "behind" : "ahead of"
        let isBad = abs(skew) > Self.refusedSkew
        return [
            Line(
                isBad ? .problem : .note,
                "this machine's clock is \(abs(skew)) s \(way) AWS's"
                    + (isBad ? "; imgwatch makes up for it, other tools are refused" : ""),
                remedies: ["let the clock be set by NTP: `timedatectl set-ntp true`"]
            )
        ]
    }

    /// Seconds; AWS refuses requests that are a quarter of an hour off.
    private static let (tolerableSkew, refusedSkew) = (60, 900)

    // MARK: Endpoints

    /// Whether they answer is seen in the other sections.
    private func endpoints(_ client: AWSClient) throws(AWSError) -> [Line] {
        var lines: [Line] = []
        for service in [AWSService.sts, .s3, .codebuild, .ecr, .lambda, .logs, .cloudformation] {
            let address = try client.address(service)
            let isOwn = address.host.hasSuffix(".amazonaws.com") || address.host.hasSuffix(".amazonaws.com.cn")
            lines.append(Line(isOwn ? .ok : .note, "\(service.rawValue): \(address.shown)"))
        }
        return lines
    }
}
