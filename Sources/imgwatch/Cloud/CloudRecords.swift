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

        var tag: String { Loop.tag(of: reference) }
    }

    /// Builds that nobody follows, until AWS has taken all of them.
    private struct Attempt: Sendable {
        var signature: String
        /// Milliseconds since 1970.
        var began: Int
    }

    private struct State: Sendable {
        var records: [String: Record] = [:]
        var attempt: Attempt?
    }

    private let path: String
    private let state: Mutex<State>

    /// What can't be read is forgotten: it costs a build.
    init(path: String) {
        self.path = path
        let bytes = FileManager.default.contents(atPath: path).map { Array($0) } ?? []
        let json = try? JSON(parsing: bytes, subject: path)
        let known = (json?.members ?? []).compactMap { member in Record(member.value).map { (member.key, $0) } }
        var state = State(records: Dictionary(known, uniquingKeysWith: { $1 }))
        if let attempt = json?[Self.attempt], let signature = attempt["of"]?.text, let began = attempt["began"]?.integer
        {
            state.attempt = Attempt(signature: signature, began: began)
        }
        self.state = Mutex(state)
    }

    /// No image has this name.
    private static let attempt = " attempt"
    /// In milliseconds: for so long AWS knows an order again.
    private static let memory = 300_000

    subscript(image: String) -> Record? { state.withLock { $0.records[image] } }

    var all: [String: Record] { state.withLock(\.records) }

    func set(_ image: String, _ record: Record) { change { $0.records[image] = record } }

    /// When these orders were given, which may be before a crash: then they are the same orders, and no others.
    ///
    /// Milliseconds since 1970.
    func begin(_ signature: String, now: Int) -> Int {
        change { state in
            if let attempt = state.attempt, attempt.signature == signature, now - attempt.began < Self.memory {
                return attempt.began
            }
            state.attempt = Attempt(signature: signature, began: now)
            return now
        }
    }

    /// AWS has taken all of them.
    func endAttempt() {
        guard state.withLock({ $0.attempt != nil }) else { return }
        change { $0.attempt = nil }
    }

    /// How many builds of the image under this key have failed.
    func failures(of image: String, key: String) -> Int {
        guard let record = self[image], record.key == key else { return 0 }
        return record.failures
    }

    /// The build ended; nothing is changed where another one has taken its place.
    func end(_ image: String, id: String, isFailure: Bool) {
        guard let known = self[image], known.id == id, !known.isOver else { return }
        change { state in
            guard var record = state.records[image], record.id == id, !record.isOver else { return }
            record.isOver = true
            if isFailure { record.failures += 1 }
            state.records[image] = record
        }
    }

    /// A record that can't be written costs a build after a crash, and nothing now.
    private func change<Value: Sendable>(_ work: (inout State) -> Value) -> Value {
        state.withLock { state in
            let value = work(&state)
            var members = state.records.map { (key: $0.key, value: $0.value.json) }
            if let attempt = state.attempt {
                let json = JSON.object([.init("of", .text(attempt.signature)), .init("began", .integer(attempt.began))])
                members.append((key: Self.attempt, value: json))
            }
            try? Data(JSON.map(members).indented()).write(to: URL(fileURLWithPath: path), options: .atomic)
            return value
        }
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
