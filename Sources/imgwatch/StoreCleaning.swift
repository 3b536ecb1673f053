/// Which images of a project's store are kept when it is cleaned.

import Foundation
import Graph
import OCI
import Project
import State

struct StoreCleaning: Sendable {
    let layout: ImageLayout
    private let folders: StateFolders
    /// The manifests of what is published now.
    let current: Set<String>
    /// The names of images from elsewhere.
    var bases: Set<String>
    let images: Set<String>

    /// So many images, and heads of each image, are kept besides what is in use: who goes back to another branch finds
    /// them.
    static let usuallyKept = 5

    init(_ layout: ImageLayout, _ folders: StateFolders, _ project: Project, _ state: StateStore) throws(StateError) {
        (self.layout, self.folders) = (layout, folders)
        current = Set(try state.successes().values.map(\.digest))
        bases = Set(project.bases.map(ExternalBases.name))
        images = Set(project.images.map(\.id.name))
    }

    /// What stays: what is in use, and the newest of each image that there is still, with their heads.
    func kept(keeping count: Int) throws(OCIError) -> Set<String> {
        let kept = try named(keeping: count)
        var heads: Set<String> = []
        for name in kept {
            guard let image = image(of: name)?.image, let manifest = try layout.resolve(name),
                let bytes = try? layout.readBlob(manifest)
            else { continue }
            let keys = Manifest.annotations(in: bytes)[ImageStore.headsName] ?? ""
            heads.formUnion(keys.split(separator: " ").map { "\(WantedHead.place(of: image)):\($0)" })
        }
        return kept.union(heads)
    }

    private func named(keeping count: Int) throws(OCIError) -> Set<String> {
        var kept: Set<String> = []
        var newest: [String: Int] = [:]
        for name in try layout.names().reversed() {
            guard let manifest = try layout.resolve(name) else { continue }
            if ExternalBases.isBase(name) {
                if bases.contains(name) { kept.insert(name) }
                continue
            }
            if current.contains("\(manifest.digest)") { kept.insert(name) }
            guard let place = image(of: name)?.place else { continue }
            newest[place, default: 0] += 1
            if newest[place, default: 0] <= count { kept.insert(name) }
        }
        return kept
    }

    /// The parts of names before the colon that are an image's.
    private static func places(of image: String) -> [String] {
        [image, ImageStore.unpushed + image, WantedHead.place(of: image)]
    }

    /// Whose the name is, and which of its places stands before the colon; nil where the project has no such image.
    private func image(of name: String) -> (image: String, place: String)? {
        guard let colon = name.lastIndex(of: ":") else { return nil }
        let place = String(name[..<colon])
        return images.first { Self.places(of: $0).contains(place) }.map { ($0, place) }
    }

    /// Nil where somebody works in the store beside the loop.
    func clean(keeping count: Int = usuallyKept) throws -> LayoutCollection? {
        guard let lock = try StoreLock.alone(folders) else { return nil }
        defer { withExtendedLifetime(lock) {} }
        return try layout.collect(keeping: kept(keeping: count))
    }
}
