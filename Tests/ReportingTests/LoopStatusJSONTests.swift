/// docs/commands.md is the contract: the status that it shows is what the program writes.

import Foundation
import Testing

@testable import Reporting

@Suite struct LoopStatusJSONTests {
    private let document: String

    init() throws {
        let file = try #require(realpath(#filePath, nil))
        defer { free(file) }
        let root = URL(filePath: String(cString: file)).deletingLastPathComponent().appending(path: "../..")
            .standardized
        document = try String(contentsOf: root.appending(path: "docs/commands.md"), encoding: .utf8)
    }

    @Test func `the example is what the program writes, byte for byte`() {
        let json = String(decoding: LoopStatus.shop.json, as: UTF8.self)
        #expect(document.split(separator: "\n").contains { $0 == json }, "\(json)")
    }

    @Test func `what is written is read again`() throws {
        #expect(try JSONDecoder().decode(LoopStatus.self, from: Data(LoopStatus.shop.json)) == .shop)
    }

    @Test func `every field and status has its row`() throws {
        let object = try JSONSerialization.jsonObject(with: Data(LoopStatus.shop.json)) as? [String: Any]
        let nodes = try #require(object?["nodes"] as? [[String: Any]])
        for key in try #require(object).keys.sorted() + nodes.flatMap(\.keys) {
            #expect(document.contains("| `\(key)` |"))
        }
        for state in LoopStatus.Entry.State.allCases { #expect(document.contains("| `\(state.rawValue)` |")) }
    }
}
