/// Stacks: what is asked of CloudFormation, what is made of its answers, and what a stand-in does with the template.

import Foundation
import HTTP
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct CloudFormationTests {
    private static func client(_ environment: [String: String], send: @escaping HTTPSend) throws -> AWSClient {
        let address = try #require(WebAddress(parsing: environment["AWS_ENDPOINT_URL"] ?? ""))
        let credentials = AWSCredentials(
            accessKeyID: environment["AWS_ACCESS_KEY_ID"] ?? "",
            secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
            provider: "test"
        )
        let start = Int(clock())
        return AWSClient(
            region: environment["AWS_REGION"] ?? "",
            parts: AWSParts(environment: [:], send: send, pause: { _ in }, now: { start }),
            endpoint: { _ in address },
            source: Fixed(credentials)
        )
    }

    private struct Fixed: AWSCredentialSource {
        let own: AWSCredentials
        init(_ own: AWSCredentials) { self.own = own }
        func credentials(insteadOf refused: AWSCredentials?) async throws(AWSError) -> AWSCredentials { own }
    }

    private static func clock() -> time_t { time(nil) }

    // MARK: Answers of AWS

    /// Answers with these, one after the other, and remembers the forms.
    private actor Script {
        private var answers: [(status: Int, body: String)]
        private(set) var forms: [String] = []
        init(_ answers: [(status: Int, body: String)]) { self.answers = answers }

        func answer(_ request: HTTPRequest) -> HTTPResponse {
            if case .bytes(let bytes) = request.body { forms.append(String(decoding: bytes, as: UTF8.self)) }
            let next = answers.isEmpty ? (status: 500, body: "") : answers.removeFirst()
            return HTTPResponse(status: next.status, body: Array(next.body.utf8), address: request.address)
        }
    }

    private static func formation(_ script: Script) throws -> CloudFormation {
        let environment = [
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_REGION": "eu-west-1",
        ]
        let client = try client(environment) { request async throws(HTTPError) in await script.answer(request) }
        return CloudFormation(client)
    }

    private static func error(_ code: String, _ message: String) -> (status: Int, body: String) {
        (400, "<ErrorResponse><Error><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>")
    }

    private static func result(_ operation: String, _ body: String) -> (status: Int, body: String) {
        (200, "<\(operation)Response><\(operation)Result>\(body)</\(operation)Result></\(operation)Response>")
    }

    @Test func `a stack that does not exist is none, and any other refusal is an error`() async throws {
        let formation = try Self.formation(
            Script([
                Self.error("ValidationError", "Stack with id nothing does not exist"),
                Self.error("AccessDenied", "User: x is not authorized to perform: cloudformation:DescribeStacks on y"),
            ])
        )
        #expect(try await formation.stack("nothing") == nil)
        let error = await #expect(throws: AWSError.self) { try await formation.stack("nothing") }
        #expect(error?.remedy.contains("cloudformation:DescribeStacks") == true)
    }

    @Test func `a change set without changes is nothing, and no failure`() async throws {
        let text = "The submitted information didn't contain changes. Submit different information to …"
        let formation = try Self.formation(
            Script([
                Self.result("DescribeChangeSet", "<Status>CREATE_PENDING</Status>"),
                Self.result(
                    "DescribeChangeSet",
                    "<Status>FAILED</Status><StatusReason>\(text)</StatusReason><Changes/>"
                ),
                Self.result(
                    "DescribeChangeSet",
                    "<Status>FAILED</Status><StatusReason>Template error</StatusReason><Changes/>"
                ),
                Self.error("ValidationError", "No updates are to be performed."),
            ])
        )
        let proposals = [try await formation.proposal("a"), try await formation.proposal("a")]
        #expect(proposals.map(\.isPending) == [true, false])
        #expect(proposals.map(\.isNothing) == [false, true])
        #expect(try await !formation.proposal("a").isNothing)
        #expect(try await formation.propose("", for: "s", isNew: false, parameters: [:]) == nil)
    }

    @Test func `what an earlier run left behind is replaced`() async throws {
        let made = Self.result("CreateChangeSet", "<Id>c</Id><StackId>s</StackId>")
        let script = Script([
            Self.error("AlreadyExistsException", "ChangeSet imgwatch already exists"),
            Self.result("DeleteChangeSet", ""), made,
        ])
        let proposed = try await Self.formation(script).propose("t", for: "n", isNew: true, parameters: ["A": "1 2"])
        #expect(proposed?.proposal == "c" && proposed?.stack == "s")
        let forms = await script.forms
        #expect(
            forms.map { $0.prefix { $0 != "&" } } == [
                "Action=CreateChangeSet", "Action=DeleteChangeSet", "Action=CreateChangeSet",
            ]
        )
        #expect(forms[0].contains("ChangeSetType=CREATE") && forms[0].contains("CAPABILITY_NAMED_IAM"))
        #expect(forms[0].contains("Parameters.member.1.ParameterValue=1%202"))
    }

    @Test func `pages are read to their end, and events only down to the known one`() async throws {
        func event(_ id: String) -> String {
            "<member><EventId>\(id)</EventId><ResourceStatus>CREATE_FAILED</ResourceStatus></member>"
        }
        let formation = try Self.formation(
            Script([
                Self.result(
                    "DescribeStackEvents",
                    "<StackEvents>\(event("4"))\(event("3"))</StackEvents><NextToken>n</NextToken>"
                ),
                Self.result("DescribeStackEvents", "<StackEvents>\(event("2"))\(event("1"))</StackEvents>"),
            ])
        )
        #expect(try await formation.events(of: "s", after: "1").map(\.id) == ["2", "3", "4"])
    }

    @Test func `what was given up because of another failure is no cause`() {
        func event(_ status: String, _ reason: String?) -> CloudFormation.Event {
            CloudFormation.Event(id: "", resource: "R", type: "T", status: status, reason: reason)
        }
        #expect(event("CREATE_FAILED", "it already exists").isCause)
        #expect(event("DELETE_FAILED", nil).isCause)
        #expect(!event("CREATE_FAILED", "Resource creation cancelled").isCause)
        #expect(!event("CREATE_COMPLETE", nil).isCause)
    }

    // MARK: A stand-in

    /// Proposes and carries out; gives the stack.
    private static func deploy(
        _ template: StackTemplate,
        _ formation: CloudFormation,
        isNew: Bool,
        parameters: [String: String] = [:]
    ) async throws -> (changes: [CloudFormation.Change], stack: CloudFormation.Stack)? {
        let proposed = try await formation.propose(
            try template.text(),
            for: template.stack,
            isNew: isNew,
            parameters: parameters
        )
        guard let proposed else { return nil }
        let proposal = try await formation.proposal(proposed.proposal)
        guard proposal.isReady else {
            try await formation.withdraw(proposed.proposal)
            #expect(proposal.isNothing)
            return nil
        }
        try await formation.carryOut(proposed.proposal)
        return (proposal.changes, try #require(try await formation.stack(proposed.stack)))
    }

    @Test(.enabled(if: AWSServers.isInstalled, "`scripts/setup test` was not run"))
    func `the template is made, changed and removed`() async throws {
        let servers = try await AWSServers.start()
        let http = HTTPClient()
        let formation = CloudFormation(
            try Self.client(servers.environment) { request async throws(HTTPError) in try await http.send(request) }
        )
        var template = StackTemplateTests.full
        #expect(try await formation.stack(template.stack) == nil)
        let first = try #require(try await Self.deploy(template, formation, isNew: true))
        #expect(first.stack.isFine && !first.stack.isBusy)
        #expect(first.changes.allSatisfy { $0.action == "Add" } && first.changes.count >= 12)
        #expect(first.stack.outputs["Bucket"] == "shop-contexts")
        #expect(first.stack.outputs["Registry"]?.hasSuffix(".amazonaws.com/team") == true)
        #expect(try await Self.deploy(template, formation, isNew: false) == nil)
        let chosen = ["LogDays": "60"]
        #expect(try await Self.deploy(template, formation, isNew: false, parameters: chosen) != nil)
        #expect(try await formation.stack(template.stack)?.parameters["LogDays"] == "60")
        #expect(try await Self.deploy(template, formation, isNew: false, parameters: chosen) == nil)
        template.repositories.removeLast()
        template.repositories.append(StackTemplateTests.repository("team/new"))
        let second = try #require(try await Self.deploy(template, formation, isNew: false, parameters: chosen))
        #expect(second.changes.contains { $0.action == "Add" && $0.name == "RepositoryNew" })
        #expect(second.changes.contains { $0.action == "Remove" && $0.name == "RepositoryWeb" })
        let repositories = try await formation.resources(of: template.stack).filter { $0.type.contains("ECR") }
        let names = repositories.compactMap(\.id).sorted()
        #expect(names == ["team/base-python", "team/new", "team/receipt", "team/upload"])
        try await formation.delete(first.stack.id)
        #expect(try await formation.stack(first.stack.id)?.isGone != false)
        #expect(try await formation.stack(template.stack) == nil)
    }

    @Test(.enabled(if: AWSServers.isInstalled, "`scripts/setup test` was not run"))
    func `a first deployment that fails says at what, and can be repeated when it is deleted`() async throws {
        let servers = try await AWSServers.start()
        let http = HTTPClient()
        let formation = CloudFormation(
            try Self.client(servers.environment) { request async throws(HTTPError) in try await http.send(request) }
        )
        let template = StackTemplateTests.full
        try servers.makeRepository("team/web")
        let failed = try #require(try await Self.deploy(template, formation, isNew: true))
        #expect(failed.stack.isStillborn && !failed.stack.isFine)
        let causes = try await formation.events(of: failed.stack.id, after: nil).filter(\.isCause)
        #expect(causes.map(\.resource) == ["RepositoryWeb"])
        #expect(causes.first?.reason?.contains("already exists") == true)
        try servers.call("ecr", "delete_repository", ["repositoryName": "team/web"])
        await #expect(throws: AWSError.self) { try await Self.deploy(template, formation, isNew: true) }
        try await formation.delete(failed.stack.id)
        #expect(try await Self.deploy(template, formation, isNew: true)?.stack.isFine == true)
    }
}
