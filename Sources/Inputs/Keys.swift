/// Keys: the hash of all that decides a node's result, and nothing else.

package import Dockerfile
internal import OCI
package import Project

package enum Keys {
    /// Changes when the same inputs and instructions would make other bytes.
    static let semantics = "imgwatch-4"

    /// A step's own key: its command, environment, folder and outputs, and what it reads.
    package static func own(of step: Step, _ reading: Reading) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " step")
        switch step.command {
        case .shell(let text): hasher.add("sh", [text])
        case .exec(let words): hasher.add("exec", words)
        }
        hasher.add(step.directory)
        hasher.add("env", pairs: step.environment)
        hasher.add("outputs", step.outputs.map(\.path))
        hasher.add(reading)
        return hasher.finish()
    }

    /// What a step left: everything under its outputs.
    package static func outputs(_ reading: Reading) -> String { reading.top.digest.hex }

    /// An image's own key, without those of its bases: the evaluated instructions and every file that they read.
    ///
    /// `revision` is the commit that the image shows, where it is to show one.
    package static func own(
        of image: Image,
        _ reading: Reading,
        revision: String? = nil
    ) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " image")
        hasher.add(image.platform)
        hasher.add(image.context)
        hasher.add("labels", pairs: image.labels)
        hasher.add(image.instructions)
        if image.needsEngine { hasher.add("engine", image.engineTerms) }
        if let compression = image.compression { hasher.add("compression", [compression.rawValue]) }
        if image.showsRevision { hasher.add("revision", revision.map { [$0] } ?? []) }
        hasher.add(reading)
        return hasher.finish()
    }

    /// The key of what an engine builds of an image for its platform: `scope` is what that reads.
    ///
    /// What was hashed for an `old` key of the same head is not hashed again where it did not change. `bases` are the
    /// keys of the project's images that it is made from, by name; `references` those that stand in its variables.
    package static func head(
        _ head: Split.Head,
        of image: Image,
        _ reading: Reading,
        in scope: InputScope,
        bases: [KeyValue],
        references: [KeyValue] = [],
        knowing old: HeadKey? = nil
    ) -> HeadKey {
        let files = old?.files(for: scope, reading) ?? Self.files(reading.files(in: scope))
        var hasher = KeyHasher()
        hasher.add(semantics + " head")
        hasher.add(image.platform, [image.context])
        hasher.add("engine", image.engineTerms)
        hasher.add(image.reduced(to: head.evaluation).instructions, head.exports ?? [])
        hasher.add("bases", pairs: bases)
        hasher.add("references", pairs: references)
        hasher.add("files", [files])
        return HeadKey(text: hasher.finish(), files: files, scope: scope.fingerprint, reading: reading)
    }

    private static func files(_ files: [InputFile]) -> String {
        var hasher = KeyHasher()
        for file in files {
            switch file.kind {
            case .directory: hasher.add("folder", [file.path, "\(file.stat.permissions)"])
            case .link(let target): hasher.add("link", [file.path, target])
            case .file(let hash): hasher.add("file", [file.path, "\(file.stat.permissions)", "\(hash.blobID)"])
            }
        }
        return hasher.finish()
    }

    /// An image's key, from its own and the keys of the images that it is made from.
    package static func combined(_ own: String, _ bases: [String]) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " combined")
        hasher.add(own, bases)
        return hasher.finish()
    }
}

/// The key of a head, and what it was made from.
package struct HeadKey: Sendable {
    package let text: String
    /// Of the files that it reads.
    fileprivate let files: String
    fileprivate let scope: String
    fileprivate let reading: Reading

    /// The same of another reading; nil where a file of the head may be another one there.
    fileprivate func files(for scope: InputScope, _ now: Reading) -> String? {
        guard scope.fingerprint == self.scope else { return nil }
        let isOther = now.differences(from: reading).contains { scope.reads($0.path) || scope.leadsBack($0.path) }
        return isOther ? nil : files
    }
}
