import Foundation
import OCI
import Testing

@testable import State

@Suite struct LayerRowsTests {
    private func layer(_ number: Int) -> LayerRecord {
        LayerRecord(diffID: key("diff \(number)"), digest: key("blob \(number)"), size: number)
    }

    private func key(_ text: String) -> Digest { Digest.sha256(of: text.utf8) }

    @Test func `a layer is found under its key, the last one that was saved`() throws {
        let place = try TemporaryState()
        let store = try place.open()
        #expect(try store.layer(key("a")) == nil)
        try store.saveLayer(key("a"), layer(1))
        try store.saveLayer(key("b"), layer(2))
        try store.saveLayer(key("a"), layer(3))
        #expect(try place.open().layer(key("a")) == layer(3))
        #expect(try place.open().layer(key("b")) == layer(2))
    }

    @Test func `a layer keeps its media type, and those of older versions are in gzip`() throws {
        let place = try TemporaryState()
        var plain = layer(2)
        plain.mediaType = MediaType.plainLayer
        do {
            let store = try place.open()
            try store.saveLayer(key("old"), layer(1))
            try store.saveLayer(key("plain"), plain)
            #expect(try store.layer(key("plain")) == plain)
        }
        let sql = "ALTER TABLE layer DROP COLUMN mediaType; DELETE FROM grdb_migrations WHERE identifier = '2'"
        let command = try Process.run(
            URL(fileURLWithPath: "/usr/bin/env"),
            arguments: ["sqlite3", place.database, sql]
        )
        command.waitUntilExit()
        #expect(command.terminationStatus == 0)
        let store = try place.open()
        #expect(store.notice == nil)
        #expect(try store.layer(key("old")) == layer(1))
    }

    @Test func `the layer that was saved longest ago is forgotten first`() throws {
        let store = try TemporaryState().open()
        for number in 0..<3 { try store.saveLayer(key("\(number)"), layer(number), limit: 3) }
        try store.saveLayer(key("0"), layer(0), limit: 3)
        try store.saveLayer(key("3"), layer(3), limit: 3)
        #expect(try store.layer(key("0")) == layer(0))
        #expect(try store.layer(key("1")) == nil)
        #expect(try store.layer(key("2")) == layer(2))
        #expect(try store.layer(key("3")) == layer(3))
    }
}
