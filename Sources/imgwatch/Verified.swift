/// What `verify` found out of an image, as text for people and as JSON.

import Building
import Engine
import Graph
import OCI
import Reporting

struct Verified: Sendable {
    /// What the store has under the image's key.
    enum Stored: Sendable {
        case nothing
        case same
        /// The same configuration and the same tars.
        case otherwiseCompressed(Digest)
        /// The comparison is missing where its layers are elsewhere.
        case other(Digest, ImageComparison?)
    }

    /// All of it as an engine builds it.
    struct Whole: Sendable {
        /// As `--engine` names it.
        var engine: String
        /// As it calls itself.
        var version: String
        var comparison: ImageComparison
    }

    enum ByEngine: Sendable {
        case built(Whole)
        /// Nobody asked for one, or none works: why.
        case left(String)
        case failed(String)
    }

    var image: NodeID
    var platform: String
    var key: String
    var digest: Digest
    var stored: Stored
    var byEngine: ByEngine

    /// Nothing is otherwise than it should be.
    var isEqual: Bool {
        if case .other = stored { return false }
        return switch byEngine {
        case .built(let whole): whole.comparison.differences.isEmpty
        case .left: true
        case .failed: false
        }
    }

    // MARK: Text

    /// So many differences are told.
    static let mostLines = 50

    var text: String { (storeLines + engineLines).joined(separator: "\n") }

    /// For people: the platform where it is not this machine's.
    private var name: String { platform == ImageStore.platform ? image.name : "\(image) (\(platform))" }

    private var storeLines: [String] {
        let name = "\(name): built anew as \(digest), key \(key.prefix(Provenance.keyLength))"
        switch stored {
        case .nothing: return [name + "; the store has nothing under this key"]
        case .same: return [name + "; the store has the same"]
        case .otherwiseCompressed(let other): return [name + "; the store has the same, compressed otherwise: \(other)"]
        case .other(let other, let comparison):
            let line = name + ": the same key made other bytes, the store has \(other)"
            guard let comparison else { return [line + ", whose layers are not all here"] }
            return [line + "; \(comparison.summary)"] + comparison.lines("now", "in the store")
        }
    }

    private var engineLines: [String] {
        switch byEngine {
        case .left(let reason): return ["\(name): compared with no engine's image: \(reason)"]
        case .failed(let reason): return ["\(name): \(reason)"]
        case .built(let whole):
            let line = "\(name): \(whole.version) built all of it: \(whole.comparison.summary)"
            return [line] + whole.comparison.lines("here", "by \(whole.engine)")
        }
    }
}

extension ImageComparison {
    /// One sentence, without a full stop.
    fileprivate var summary: String {
        let isConfigurationEqual = !differences.contains { $0.path == nil }
        if otherPaths == 0, isConfigurationEqual {
            return "\(Formats.count(equalPaths, "path")) and the configuration are equal"
        }
        let configuration = isConfigurationEqual ? "is equal" : "differs"
        return "\(Formats.count(equalPaths, "path")) equal, \(otherPaths) different; the configuration \(configuration)"
    }

    fileprivate func lines(_ here: String, _ there: String) -> [String] {
        var lines = differences.prefix(Verified.mostLines).map { "  " + $0.text(here, there) }
        let rest = differences.count - lines.count
        if rest > 0 { lines.append("  and \(Formats.count(rest, "more difference"))") }
        if unlinkedPaths > 0 {
            lines.append("  \(Formats.count(unlinkedPaths, "path")): hard links \(there), files \(here), as documented")
        }
        return lines
    }
}

extension ImageDifference {
    fileprivate func text(_ here: String, _ there: String) -> String {
        guard what != "type" else {
            return "\(path ?? ""): \(self.here ?? "nothing") \(here), \(self.there ?? "nothing") \(there)"
        }
        return "\(path ?? "configuration"): \(what) \(self.here ?? "none") \(here), \(self.there ?? "none") \(there)"
    }

    fileprivate var json: JSON {
        var members: [JSON.Member] = []
        if let path { members.append(.init("path", .text(path))) }
        members.append(.init("what", .text(what)))
        if let here { members.append(.init("here", .text(here))) }
        if let there { members.append(.init("there", .text(there))) }
        return .object(members)
    }
}

// MARK: - JSON

extension ImageComparison {
    fileprivate var json: JSON {
        .object([
            .init("equal", .integer(equalPaths)), .init("different", .integer(otherPaths)),
            .init("unlinked", .integer(unlinkedPaths)), .init("differences", .array(differences.map(\.json))),
        ])
    }
}

extension Verified {
    var json: JSON {
        .object([
            .init("image", .text(image.name)), .init("platform", .text(platform)), .init("isEqual", .boolean(isEqual)),
            .init("key", .text(key)),
            .init("digest", .text("\(digest)")), .init("store", stored.json), .init("engine", byEngine.json),
        ])
    }
}

extension Verified.Stored {
    fileprivate var json: JSON {
        switch self {
        case .nothing: return .object([.init("has", .text("nothing"))])
        case .same: return .object([.init("has", .text("same"))])
        case .otherwiseCompressed(let digest):
            return .object([.init("has", .text("recompressed")), .init("digest", .text("\(digest)"))])
        case .other(let digest, let comparison):
            let members: [JSON.Member] = [.init("has", .text("other")), .init("digest", .text("\(digest)"))]
            return .object(members + (comparison.map { [.init("comparison", $0.json)] } ?? []))
        }
    }
}

extension Verified.ByEngine {
    fileprivate var json: JSON {
        switch self {
        case .left(let reason): .object([.init("reason", .text(reason))])
        case .failed(let reason): .object([.init("failed", .text(reason))])
        case .built(let whole):
            .object([
                .init("name", .text(whole.engine)), .init("version", .text(whole.version)),
                .init("comparison", whole.comparison.json),
            ])
        }
    }
}
