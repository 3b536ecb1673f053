/// Heads in the registry where their image goes: what one has built, others need not build.

import Engine
import Graph
import OCI
import Project
import Registry
import Synchronization

extension HeadBuilder {
    /// How long is waited for what the registry says of a head.
    private static let patience: Duration = .seconds(10)

    /// The registry that holds heads of this image; nil where they stay here.
    private func registry(of wanted: WantedHead) -> RemoteRegistry? {
        wanted.isKept && wanted.image.building.sharesHeads && wanted.image.push ? store.remote : nil
    }

    private static func tag(_ wanted: WantedHead) -> String { "head-\(wanted.key)" }

    /// The head as somebody has pushed it, with all its layers; nil where nobody has, or it can't be had.
    func fetch(_ wanted: WantedHead, _ session: Session) async -> Descriptor? {
        guard let remote = registry(of: wanted) else { return nil }
        let image = wanted.image.id
        let answer = await Deadline.within(Self.patience) { () async -> Result<Descriptor?, RegistryError> in
            do throws(RegistryError) {
                return .success(try await remote.image(image.name, Self.tag(wanted), key: wanted.key))
            } catch {
                return .failure(error)
            }
        }
        if answer == nil { session.tellOnce("the registry does not say which heads it has: they are built here") }
        guard case .success(let found?) = answer, (try? await remote.fetchLayers(of: found, image.name)) != nil,
            (try? store.layout.tag(wanted.name, as: found)) != nil
        else { return nil }
        shared.withLock { _ = $0.insert(wanted.key) }
        session.tell(notice: "\(image): what an engine would build was in the registry: \(Self.tag(wanted))")
        return found
    }

    /// Pushes a head that is here, beside whatever else is done; each once.
    func share(_ wanted: WantedHead, _ manifest: Descriptor, _ session: Session) {
        guard !session.isBeside, let remote = registry(of: wanted), shared.withLock({ $0.insert(wanted.key).inserted })
        else { return }
        let image = wanted.image.id
        let task = Task {
            let stored = StoredImage(key: wanted.key, manifest: manifest)
            if let there = try? await remote.key(image.name, Self.tag(wanted)), there.key == wanted.key { return }
            do throws(ImageProblem) {
                _ = try await remote.upload(stored, image.name)
                try await remote.publish(stored, image.name, [Self.tag(wanted)], moving: [])
            } catch {
                guard case .failed(let failure) = error else { return }
                session.tellOnce("\(image): what an engine built can't be shared: \(failure.reason)")
            }
        }
        sharing.withLock { $0.append(task) }
    }

    /// Returns when all that is to be shared is.
    func finishSharing() async {
        while let task = sharing.withLock({ $0.popLast() }) { await task.value }
    }
}
