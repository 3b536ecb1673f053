import Foundation
import HTTP
import Rigs
import Testing

@testable import AWS

@Suite struct CredentialFinderTests {
    private struct Question: Encodable {
        struct Wanted: Encodable {
            var environment: [String: String]
            var profile: String?
            var region: String?
        }
        var situations: [Wanted]
    }

    private struct Answer: Decodable {
        struct Found: Decodable {
            var problem: String?
            var id: String?
            var secret: String?
            var token: String?
            var region: String?
            var profile: String?
            var endpoints: [String: String]?
        }
        var situations: [Found]
    }

    /// What was found, or why nothing was.
    private struct Outcome: Equatable {
        var id: String?
        var secret: String?
        var token: String?
        var region: String?
        var profile: String?
        var endpoints: [String: WebAddress?] = [:]

        static let nothing = Outcome()
    }

    @Test(.enabled(if: Botocore.isThere, "no Python here has botocore"))
    func `the same is found as botocore finds, in every situation`() async throws {
        let server = try await AWSCredentialServer.start()
        let desks = try Situations.all.map { try Desk($0, server.endpoint) }
        let wanted = zip(Situations.all, desks).map { situation, desk in
            Question.Wanted(
                environment: desk.parts.environment,
                profile: situation.profile,
                region: situation.region
            )
        }
        let data = try await Botocore.ask(Question(situations: wanted))
        let answers = try JSONDecoder().decode(Answer.self, from: data).situations
        #expect(answers.count == desks.count && answers.count > 60)
        for ((situation, desk), answer) in zip(zip(Situations.all, desks), answers) {
            let (ours, reason) = try await outcome(desk)
            #expect(ours == outcome(answer), "\(situation.name): \(answer.problem ?? "found"); ours: \(reason)")
        }
    }

    private func outcome(_ answer: Answer.Found) -> Outcome {
        guard answer.problem == nil, answer.id != nil else { return .nothing }
        return Outcome(
            id: answer.id,
            secret: answer.secret,
            token: answer.token,
            region: answer.region,
            profile: answer.profile,
            endpoints: answer.endpoints?.mapValues { WebAddress(parsing: $0) } ?? [:]
        )
    }

    private func outcome(_ desk: Desk) async throws -> (Outcome, String) {
        do {
            let settings = try await desk.settings()
            let found = try await CredentialChain(settings, desk.parts).credentials()
            var outcome = Outcome(id: found.accessKeyID, secret: found.secretAccessKey, token: found.sessionToken)
            (outcome.region, outcome.profile) = (settings.region, settings.profileName)
            for service in [AWSService.s3, .sts, .logs, .ssoOIDC] {
                outcome.endpoints[service.rawValue] = try settings.endpoint(service)
            }
            return (outcome, found.provider)
        } catch let error as AWSError {
            return (.nothing, "\(error.reason) (\(error.remedy))")
        }
    }
}
