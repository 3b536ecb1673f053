/// docs/events.md is the contract: what it shows is what the program writes.

import Engine
import Foundation
import Graph
import Testing

@testable import Reporting

@Suite struct EventsDocumentTests {
    private let document: String

    init() throws {
        let file = try #require(realpath(#filePath, nil))
        defer { free(file) }
        let root = URL(filePath: String(cString: file)).deletingLastPathComponent().appending(path: "../..")
            .standardized
        document = try String(contentsOf: root.appending(path: "docs/events.md"), encoding: .utf8)
    }

    private var examples: [String] {
        document.split(separator: "\n").filter { $0.hasPrefix("{\"event\"") }.map(String.init)
    }

    /// The first column of every table.
    private var documented: [String] {
        document.matches(of: /(?m)^\| `([a-z]+)`/).map { String($0.1) }
    }

    @Test func `every example parses, and every event has one`() throws {
        var seen: Set<String> = []
        for example in examples {
            let object = try JSONSerialization.jsonObject(with: Data(example.utf8)) as? [String: Any]
            seen.insert(try #require(object?["event"] as? String))
        }
        #expect(seen == Set(LoopEvent.Kind.allCases.map(\.rawValue)))
    }

    @Test(arguments: Session.events)
    func `an example is what the program writes, byte for byte`(event: LoopEvent) {
        #expect(examples.contains(String(decoding: event.json, as: UTF8.self)))
    }

    @Test func `every field and event of the examples has a row`() throws {
        for example in examples {
            let object = try JSONSerialization.jsonObject(with: Data(example.utf8)) as? [String: Any]
            for key in try #require(object).keys { #expect(documented.contains(key)) }
        }
        for kind in LoopEvent.Kind.allCases { #expect(documented.contains(kind.rawValue)) }
    }

    @Test func `every reason has its word in the document`() {
        for cause in Self.causes { #expect(document.contains("`\(cause.rawValue)`")) }
        for hold in Self.holds { #expect(document.contains("`\(hold.name)`")) }
        #expect(document.contains("version \(LoopEvent.version)"))
    }
}

extension EventsDocumentTests {
    private static let causes: [Cause.Reason] = [
        .neverRan, .inputs, .base, .outputs, .definition, .references, .need, .oncePerStart, .retry, .uncounted,
    ]
    private static let holds: [Hold] = [
        .need(NodeID("a")), .writer(path: "a"), .quiet, .git, .slot, .paused, .trigger, .loop, .backOff,
        .ending(NodeID("a")),
    ]
}
