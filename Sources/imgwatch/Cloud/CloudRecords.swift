/// Which build makes which image: on disk, so that who comes after a crash follows it, and starts no second one.

import Foundation
import OCI
import Synchronization

/// The latest build of each image.
final class CloudRecords: Sendable {
    struct Record: Hashable, Sendable {
        var key: String
        /// What is built: the reference that it pushes.
        var reference: String
        /// Of the build, or of the batch that it is a part of.
        var id: String
        var isBatch = false
        /// Of the build in its batch.
        var identifier: String?
        /// How many builds of this key have failed.
        var failures = 0
        /// Whether that build is known to have ended.
        var isOver = false
        /// Seconds since 1970.
        var started: Int
    }

    private let path: String
    private let records: Mutex<[String: Record]>

    /// What can't be read is forgotten: it costs a build.
    init(path: String) {
        self.path = path
        let bytes = FileManager.default.contents(atPath: path).map { Array($0) } ?? []
        let json = try? JSON(parsing: bytes, subject: path)
        let known = (json?.members ?? []).compactMap { member in Record(member.value).map { (member.key, $0) } }
        records = Mutex(Dictionary(known, uniquingKeysWith: { $1 }))
    }

    subscript(image: String) -> Record? { records.withLock { $0[image] } }

    var all: [String: Record] { records.withLock(\.self) }

    func set(_ image: String, _ record: Record) {
        records.withLock { records in
            records[image] = record
            write(records)
        }
    }

    /// How many builds of the image under this key have failed.
    func failures(of image: String, key: String) -> Int {
        guard let record = self[image], record.key == key else { return 0 }
        return record.failures
    }

    /// The build ended; nothing is changed where another one has taken its place.
    func end(_ image: String, id: String, isFailure: Bool) {
        records.withLock { records in
            guard var record = records[image], record.id == id, !record.isOver else { return }
            record.isOver = true
            if isFailure { record.failures += 1 }
            records[image] = record
            write(records)
        }
    }

    /// A record that can't be written costs a build after a crash, and nothing now.
    private func write(_ records: [String: Record]) {
        let json = JSON.map(records.map { (key: $0.key, value: $0.value.json) })
        try? Data(json.indented()).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}

extension CloudRecords.Record {
    fileprivate init?(_ json: JSON) {
        guard let key = json["key"]?.text, let id = json["id"]?.text, let reference = json["reference"]?.text,
            let started = json["started"]?.integer
        else { return nil }
        self.init(key: key, reference: reference, id: id, started: started)
        isBatch = json["batch"]?.boolean ?? false
        identifier = json["identifier"]?.text
        failures = json["failures"]?.integer ?? 0
        isOver = json["over"]?.boolean ?? false
    }

    fileprivate var json: JSON {
        .object(
            [
                .init("key", .text(key)), .init("reference", .text(reference)), .init("id", .text(id)),
                .init("batch", .boolean(isBatch)), .init("failures", .integer(failures)),
                .init("over", .boolean(isOver)),
                .init("started", .integer(started)),
            ] + (identifier.map { [.init("identifier", .text($0))] } ?? [])
        )
    }
}
