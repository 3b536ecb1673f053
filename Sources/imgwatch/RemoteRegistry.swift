/// The registry that images are pushed to: what it shows, what it has of a key, and the push itself.

import Engine
import Foundation
import Graph
import HTTP
import OCI
import Project
import Registry
import Synchronization

final class RemoteRegistry: Sendable {
    private let registries: Registries
    private let host: String
    /// Before the image's name in a repository's; "" or with a slash at its end.
    private let prefix: String
    let layout: ImageLayout
    /// What tags are known to show, by `REPOSITORY:TAG`.
    private let shown = Mutex<[String: Digest]>([:])
    /// What commands have pushed while their inputs changed.
    private let mixtures = Mutex<Set<Digest>>([])

    /// The name is `host[:port][/path]`.
    init(_ name: String, _ registries: Registries, layout: ImageLayout) {
        let slash = name.firstIndex(of: "/") ?? name.endIndex
        host = String(name[..<slash])
        prefix = slash == name.endIndex ? "" : String(name[slash...].dropFirst()) + "/"
        (self.registries, self.layout) = (registries, layout)
    }

    func repository(_ image: String) -> String { prefix + image }

    /// What goes there travels over a network.
    var isFarAway: Bool { WebAddress(parsing: "https://\(host)/").map { HostKind($0.host) != .loopback } ?? true }

    /// The repository of an image that lies in the same registry; nil for one elsewhere.
    func neighbour(_ reference: ImageReference) -> String? { reference.host == host ? reference.repository : nil }

    func client(_ repository: String) async throws(RegistryError) -> RegistryClient {
        let client = try await registries.client(for: host, repository: repository)
        client.willPush(to: repository)
        return client
    }

    // MARK: What it shows

    func shows(_ image: String, _ tag: String) -> Digest? {
        shown.withLock { $0["\(repository(image)):\(tag)"] }
    }

    func note(_ repository: String, _ tag: String, _ digest: Digest?) {
        shown.withLock { $0["\(repository):\(tag)"] = digest }
    }

    /// Whether a tag that was known to show this still does: somebody may have deleted it, and more with it.
    func stillShows(_ image: String, _ tag: String, _ digest: Digest) async -> Bool {
        guard shows(image, tag) == digest else { return false }
        let repository = repository(image)
        guard let client = try? await client(repository) else { return true }
        do throws(RegistryError) {
            if try await client.digest(repository, tag) == "\(digest)" { return true }
        } catch {
            // What is told when it is pushed.
            return true
        }
        note(repository, tag, nil)
        client.forget(repository)
        return false
    }

    /// Looks what these tags show; the credential and the token for later pushes come with it.
    ///
    /// Where the registry can't be asked, or not in time, nothing is known of them.
    func look(at tags: [(image: String, tag: String)]) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { looks in
                    for (image, tag) in tags { looks.addTask { await self.look(at: tag, of: image) } }
                }
            }
            group.addTask { try? await Task.sleep(for: Self.lookPatience) }
            await group.next()
            group.cancelAll()
        }
    }

    private static let lookPatience: Duration = .seconds(10)

    private func look(at tag: String, of image: String) async {
        let repository = repository(image)
        guard let client = try? await client(repository),
            let digest = try? await client.digest(repository, tag).flatMap({ Digest(parsing: $0) }),
            await isWhole("\(image):\(tag)", digest, in: repository, client)
        else { return }
        note(repository, tag, digest)
    }

    /// Whether nothing of what a tag shows is known to be gone from the registry: else it is sent again.
    ///
    /// What is asked here is not asked by the next push.
    private func isWhole(
        _ name: String,
        _ digest: Digest,
        in repository: String,
        _ client: RegistryClient
    ) async -> Bool {
        guard let own = try? layout.resolve(name), own.digest == digest, let parts = try? layout.images(of: own)
        else {
            return true
        }
        let manifests = parts.compactMap { try? layout.readManifest($0.descriptor) }
        return await withTaskGroup(of: Bool.self) { group in
            for part in parts where part.descriptor != own {
                group.addTask {
                    do throws(RegistryError) {
                        return try await client.digest(repository, "\(part.descriptor.digest)") != nil
                    } catch {
                        return true
                    }
                }
            }
            for blob in Set(manifests.flatMap { $0.layers + [$0.configuration] }) {
                group.addTask {
                    do throws(RegistryError) { return try await client.holds(blob, in: repository) } catch {
                        return true
                    }
                }
            }
            return await group.allSatisfy(\.self)
        }
    }

    func warmUp(_ images: [String]) async {
        guard let first = images.first, let client = try? await client(repository(first)) else { return }
        await client.warmUp(images.map(repository))
    }

    /// The key of what a tag shows, where it is one of ours.
    ///
    /// Who must know it does not take a 403 for a tag that is not there.
    func key(
        _ image: String,
        _ tag: String,
        mustKnow: Bool = false
    ) async throws(RegistryError) -> (key: String?, digest: Digest)? {
        let repository = repository(image)
        guard let found = try await client(repository).manifest(repository, tag, isPull: mustKnow) else { return nil }
        return (try await key(of: found, repository), found.descriptor.digest)
    }

    // MARK: Mixtures

    /// Nothing is made of what the tag shows now, as long as this process lives.
    func noteMixture(_ image: String, _ tag: String) async {
        guard
            let digest = try? await client(repository(image)).digest(repository(image), tag).flatMap({
                Digest(parsing: $0)
            })
        else { return }
        mixtures.withLock { _ = $0.insert(digest) }
    }

    func isMixture(_ digest: Digest) -> Bool { mixtures.withLock { $0.contains(digest) } }

    // MARK: Pushes

    private static let isMissing = "BLOB_MISSING_HERE"

    private func push(_ stored: StoredImage, _ image: String) -> Push {
        var push = Push(stored.manifest, from: layout, to: repository(image)) { blob throws(RegistryError) in
            var error = RegistryError("\(blob.digest) is neither here nor there", remedy: "build the image again")
            error.codes = [Self.isMissing]
            throw error
        }
        push.fresh = stored.fresh
        push.neighbours = stored.neighbours
        return push
    }

    /// Sends all but the names; ends early where its task is cancelled.
    ///
    /// - Returns: The layers that the registry did not have.
    func upload(_ stored: StoredImage, _ image: String) async throws(ImageProblem) -> [Descriptor] {
        do throws(RegistryError) {
            let report = try await client(repository(image)).upload(push(stored, image))
            return report.sent.filter { !MediaType.isConfiguration($0.mediaType) }
        } catch {
            if error.codes == [Self.isMissing] { throw .incomplete }
            throw ImageProblem(error)
        }
    }

    /// Sets the names, the first one first; those that never move are left alone where they show the image already.
    func publish(
        _ stored: StoredImage,
        _ image: String,
        _ tags: [String],
        moving: Set<String>
    ) async throws(ImageProblem) {
        let repository = repository(image)
        for tag in tags where moving.contains(tag) || shows(image, tag) != stored.manifest.digest {
            do throws(RegistryError) {
                try await client(repository).publish(push(stored, image), as: tag)
            } catch {
                note(repository, tag, nil)
                if error.codes == [Self.isMissing] { throw .incomplete }
                throw ImageProblem(error)
            }
            note(repository, tag, stored.manifest.digest)
        }
    }
}
