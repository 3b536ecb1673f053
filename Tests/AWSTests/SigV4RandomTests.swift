import Foundation
import OCI
import Rigs
import Testing

@testable import AWS

@Suite struct SigV4RandomTests {
    private struct Question: Encodable {
        var signatures: Int
        var seed: Int
    }

    @Test(.enabled(if: Botocore.isThere, "no Python here has botocore"), arguments: [4711])
    func `random requests are signed as botocore signs them`(seed: Int) async throws {
        let data = try await Botocore.ask(Question(signatures: 1000, seed: seed))
        let answer = try JSON(parsing: Array(data), subject: "botocore's signatures")
        let vectors = try #require(answer["signatures"]?.array).map { try SigV4Tests.Vector($0) }
        #expect(vectors.count == 1000)
        for vector in vectors { #expect(vector.signed == vector.authorization, "\(vector.testDescription)") }
    }
}
