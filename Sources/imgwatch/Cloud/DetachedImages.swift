/// What is to be done with the images that CodeBuild makes, where nobody waits: found without changing anything.

import AWS
import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry
import Reporting

/// An image that is to be built, and all that it is made from.
struct DetachedImage: Sendable {
    var image: Image
    var inputs: ImageInputs
    var publication: Publication
    /// The function that gets it.
    var function: CloudFunction?
    /// Those of the images that it is made from which are being built, too.
    var waitsFor: [String]
    /// Of those that it is made from, the ones that other builds make: these builds, "" where a batch has not started
    /// it yet.
    var live: [String: String]
    /// By the names of images that it is made from: by digest where that is known, else by the tag.
    var references: [String: String]
}

/// A function whose image is in the registry.
struct SettledFunction: Sendable {
    var function: CloudFunction
    var shown: PublishedImage
}

extension Loop {
    /// What is to be done with the images that CodeBuild makes, needs first.
    struct Detachable: Sendable {
        /// These must be built.
        var items: [DetachedImage] = []
        /// These are being built already: their builds.
        var live: [String: String] = [:]
        /// These can't be: they are made of what is not there, and is not made in AWS.
        var left: [String] = []
        /// These can't be built, each for this reason.
        var failures: [String: String] = [:]
        /// The keys of all of them.
        var keys: [String: String] = [:]
        /// Batches that are still to make what is not needed any more, or what one of the items needs.
        var ended: Set<String> = []
    }

    /// Everything was read, and nothing was started.
    func detachable() async throws(ImageProblem) -> Detachable {
        var found = Detachable()
        let images = nodes.graph.nodes.filter { $0.kind == .image }
        for node in images where node.runsElsewhere { found.keys[node.id.name] = engine.view(of: node.id)?.key }
        let keys = found.keys
        let live = try await live(keys)
        (found.live, found.ended) = (live.builds, live.stale)
        while true {
            found.live = found.live.filter { !found.ended.contains(session.cloud.records[$0.key]?.id ?? "") }
            try await sort(images, &found)
            // A build that waited for one that has not begun might hold the room that this one needs.
            let waiting = found.items.flatMap(\.live).filter(\.value.isEmpty)
            let batches = Set(waiting.compactMap { session.cloud.records[$0.key]?.id })
                .filter { session.cloud.mayEnd($0, for: keys) }
            guard !batches.isSubset(of: found.ended) else { return found }
            found.ended.formUnion(batches)
        }
    }

    private func sort(_ images: [Node], _ found: inout Detachable) async throws(ImageProblem) {
        (found.items, found.left, found.failures) = ([], [], [:])
        for node in images {
            if case .failed(let failure)? = engine.view(of: node.id)?.status {
                found.failures[node.id.name] = failure.reason
                continue
            }
            let stuck = node.needs.map(\.name).filter { found.failures[$0] != nil }
            if !stuck.isEmpty {
                found.failures[node.id.name] = "it needs \(stuck.joined(separator: ", "))"
                continue
            }
            var isOpen = !node.runsElsewhere && !isFresh(node.id)
            for need in node.needs {
                let isStaleStep = nodes.graph[need]?.kind == .step && !isFresh(need)
                isOpen = isOpen || isStaleStep || found.left.contains(need.name)
            }
            if isOpen {
                found.left.append(node.id.name)
            } else if !node.runsElsewhere {
                continue
            } else if found.live[node.id.name] == nil, let item = try await detached(node, found) {
                found.items.append(item)
            }
        }
    }

    private func live(_ keys: [String: String]) async throws(ImageProblem) -> CloudBuilds.Live {
        do throws(AWSError) { return try await session.cloud.live(keys) } catch { throw ImageProblem(error) }
    }

    private func isFresh(_ id: NodeID) -> Bool { engine.view(of: id)?.isFresh ?? false }

    /// nil where the registry has it.
    private func detached(_ node: Node, _ found: Detachable) async throws(ImageProblem) -> DetachedImage? {
        guard let image = nodes.project.image(node.id), let view = engine.view(of: node.id),
            let publication = publication(of: node, view), let keyed = readings[node.id],
            let own = keyed.answer.keying.own, try await !isThere(image, publication)
        else { return nil }
        let needs = node.needs.filter { nodes.graph[$0]?.kind == .image }
        let bases = needs.map { BaseImage.probe($0.name, key: engine.view(of: $0)?.key ?? "") }
        return DetachedImage(
            image: image,
            inputs: ImageInputs(of: image, keyed.answer, own: own, bases: bases),
            publication: publication,
            function: image.functions.first,
            waitsFor: needs.map(\.name).filter { name in found.items.contains { $0.image.id.name == name } },
            live: found.live.filter { build in needs.contains { $0.name == build.key } },
            references: Dictionary(uniqueKeysWithValues: needs.map { ($0.name, reference(of: $0, found)) })
        )
    }

    /// Whether the registry has the image under the tag that its build would push.
    ///
    /// One that was built under another name, before a commit, gets this one, too.
    private func isThere(_ image: Image, _ publication: Publication) async throws(ImageProblem) -> Bool {
        guard let remote = session.store.remote else { return false }
        let tag = session.store.pushedTag(of: image, publication)
        do throws(RegistryError) {
            if try await remote.key(image.id.name, tag)?.key == publication.key { return true }
            guard let record = session.cloud.records[image.id.name], record.key == publication.key,
                case let old = record.tag, old != tag,
                let manifest = try await remote.image(image.id.name, old, key: publication.key)
            else { return false }
            let stored = session.store.stored(manifest, key: publication.key)
            do throws(ImageProblem) { try await remote.publish(stored, image.id.name, [tag], moving: []) } catch {
                throw RegistryError("\(tag) can't be set", remedy: "see the registry's own log")
            }
            return true
        } catch {
            throw ImageProblem(error)
        }
    }

    /// What is being built comes under the name that it was begun with, whatever was committed since.
    private func reference(of id: NodeID, _ found: Detachable) -> String {
        if found.live[id.name] != nil, let record = session.cloud.records[id.name] { return record.reference }
        if let shown = published[id], nodes.graph[id]?.runsElsewhere != true { return shown.exactReference }
        guard let image = nodes.project.image(id), let node = nodes.graph[id], let view = engine.view(of: id),
            let publication = publication(of: node, view)
        else { return "" }
        return session.store.address.reference(id.name, tag: session.store.pushedTag(of: image, publication))
    }

    /// Functions whose image is in the registry.
    func settledFunctions(besides building: Set<String>) async -> [SettledFunction] {
        var found: [SettledFunction] = []
        for node in nodes.graph.nodes where node.kind == .deploy {
            guard let deploy = nodes.project.deploy(node.id), !building.contains(deploy.image.name),
                let image = nodes.project.image(deploy.image), let function = image.functions.first,
                let own = nodes.graph[image.id], let view = engine.view(of: image.id),
                let publication = publication(of: own, view),
                let stored = await session.store.find(
                    image,
                    publication,
                    asking: true,
                    others: session.cloud.otherTags(of: image, publication, session.store)
                )
            else { continue }
            let shown = session.store.shown(stored, of: image, publication)
            found.append(SettledFunction(function: function, shown: shown))
        }
        return found
    }
}

extension CloudBuilds {
    /// Under which tags an image may be besides its own: the one that a build pushes where its own shows one thing
    /// after another, and the one that it had before a commit.
    func otherTags(of image: Image, _ publication: Publication, _ store: ImageStore) -> [String] {
        guard image.building.builder == .codebuild else { return [] }
        let own = store.tags(of: image, publication).main
        let known = records[image.id.name].flatMap { $0.key == publication.key ? $0.tag : nil }
        let others = [store.pushedTag(of: image, publication), known].compactMap(\.self).filter { $0 != own }
        return others.first == others.last ? Array(others.prefix(1)) : others
    }
}

extension ImageStore {
    /// What a build in the cloud pushes: a tag that shows one thing after another is set when the image is there.
    func pushedTag(of image: Image, _ publication: Publication) -> String {
        let tags = tags(of: image, publication)
        return tags.isShared ? publication.provenance.tag(key: publication.key) : tags.main
    }
}
