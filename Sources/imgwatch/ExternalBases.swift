/// Bases from outside the project: what each name meant when it was asked for, pinned by digest in the store.

import Dockerfile
import Engine
import Foundation
import Graph
import OCI
import Project
import Registry
import Reporting
import Synchronization

final class ExternalBases: Sendable {
    private let layout: ImageLayout
    private let registries: Registries
    /// Whether what is found out is kept for later; a command that only looks must not move another's pins.
    private let keepsPins: Bool
    /// Whatever the configuration says: `--pull`.
    private let asksAlways: Bool
    private let bases = Mutex<[BaseName: Known]>([:])
    /// Those that were found to be something else than they were pinned to.
    private let movedBases = Mutex<Set<BaseName>>([])
    /// Why the latest attempt to resolve one failed, and when.
    private let failures = Mutex<[BaseName: (error: RegistryError, at: ContinuousClock.Instant)]>([:])

    /// What a name means.
    private struct Known {
        var base: ExternalBase
        var manifest: Descriptor
        /// When its registry said so last; nil where nobody wrote that down.
        var confirmed: Timestamp?
        /// When it was made, as it says itself.
        var created: Timestamp?
        /// As it says itself.
        var platform: String

        /// Whether it runs there; what says nothing of that is taken for right.
        func isFor(_ other: String) -> Bool {
            guard let own = ImageIndex.Platform(platform) else { return true }
            return ImageIndex([ImageIndex.Entry(manifest, platform: own)]).manifest(for: other) != nil
        }

        /// As the layout keeps it.
        var pin: Descriptor {
            var pin = manifest
            pin.annotations[confirmedName] = confirmed?.rfc3339
            return pin
        }
    }

    init(
        _ layout: ImageLayout,
        _ registries: Registries,
        keepsPins: Bool = true,
        asksAlways: Bool = false
    ) throws(OCIError) {
        (self.layout, self.registries, self.keepsPins) = (layout, registries, keepsPins)
        self.asksAlways = asksAlways
        for name in try layout.names() where name.hasPrefix(Self.prefix) {
            let base = Self.base(name)
            guard var manifest = try layout.resolve(name) else { continue }
            let confirmed = manifest.annotations.removeValue(forKey: Self.confirmedName)
            if let known = try? read(manifest, confirmed: confirmed.flatMap(Timestamp.init(rfc3339:))) {
                bases.withLock { $0[base] = known }
            }
        }
    }

    private static let prefix = ImageStore.unpushed + "base/"
    /// The annotation of a pin that says when its registry confirmed it.
    private static let confirmedName = "io.imgwatch.confirmed"

    /// The name of a base in the layout, where the pin is kept; no reference has an equals sign.
    static func name(_ base: BaseName) -> String {
        prefix + (base.platform == ImageStore.platform ? "" : base.platform + "=") + base.reference
    }

    private static func base(_ name: String) -> BaseName {
        let text = name.dropFirst(prefix.count)
        guard let sign = text.firstIndex(of: "=") else { return BaseName(String(text), for: ImageStore.platform) }
        return BaseName(String(text[text.index(after: sign)...]), for: String(text[..<sign]))
    }

    /// Whether a name in the layout is that of a base.
    static func isBase(_ name: String) -> Bool { name.hasPrefix(prefix) }

    /// By the names that Dockerfiles have for them.
    var known: [BaseName: ExternalBase] { bases.withLock { $0.mapValues(\.base) } }

    /// What people are told of a base.
    func pinned(_ base: BaseName) -> PinnedBase {
        let known = bases.withLock { $0[base] }
        return PinnedBase(
            reference: base.text,
            digest: known?.base.digest,
            confirmed: known?.confirmed,
            created: known?.created
        )
    }

    /// Whether it is another one now than what earlier sessions built on.
    func hasMoved(_ base: BaseName) -> Bool { movedBases.withLock { $0.contains(base) } }

    /// Whether its registry is asked for it.
    func isAsked(_ base: BaseName, _ policy: PullPolicy) -> Bool {
        switch asksAlways ? .always : policy {
        case .always: true
        case .missing: known[base] == nil
        case .never: false
        }
    }

    /// The manifest of what is pinned; nil where nothing is, or something else.
    func manifest(_ pin: BasePin) -> Descriptor? {
        let known = bases.withLock { $0[pin.name]?.manifest }
        return known.flatMap { "\($0.digest)" == pin.digest ? $0 : nil }
    }

    func failure(_ base: BaseName) -> RegistryError? { failures.withLock { $0[base]?.error } }

    /// Whether it was asked for just now, in vain.
    func isJustMissed(_ base: BaseName) -> Bool {
        failures.withLock { $0[base].map { .now - $0.at < Self.memory } ?? false }
    }

    private static let memory: Duration = .seconds(2)

    // MARK: Resolving

    /// Asks the registries what these names mean now.
    ///
    /// A pin stays where its registry does not answer.
    ///
    /// - Returns: Those that can't be had, and those whose pin is kept without knowing whether it still holds.
    func resolve(_ bases: [BaseName]) async -> (failed: [BaseName], kept: [BaseName]) {
        await withTaskGroup(of: [(BaseName, RegistryError?)].self) { group in
            for (reference, names) in Dictionary(grouping: Set(bases), by: \.reference) {
                // No image is made of what a tag showed at two times.
                let others = known.keys.filter { $0.reference == reference }
                group.addTask { await self.resolve(reference, Array(Set(names + others))) }
            }
            var failed: [BaseName] = []
            var kept: [BaseName] = []
            for await results in group {
                for (base, error) in results {
                    failures.withLock { $0[base] = error.map { ($0, .now) } }
                    guard error != nil else { continue }
                    if known[base] == nil { failed.append(base) } else { kept.append(base) }
                }
            }
            return (failed.sorted(), kept.sorted())
        }
    }

    /// One answer of the registry counts for all platforms: what a tag shows may be another image a moment later.
    private func resolve(_ text: String, _ names: [BaseName]) async -> [(BaseName, RegistryError?)] {
        let reference: ImageReference
        let shown: FetchedManifest
        do throws(RegistryError) {
            guard let parsed = ImageReference(parsing: text) else {
                throw RegistryError("`\(text)` names no image", remedy: "write it like `alpine:3.20`")
            }
            reference = parsed
            // What is named by its digest, and known, can't have changed.
            if reference.digest != nil, names.allSatisfy({ known[$0] != nil }) { return names.map { ($0, nil) } }
            let client = try await registries.client(for: reference.host, repository: reference.repository)
            shown = try await manifest(reference, reference.digest ?? reference.tag ?? "latest", client)
        } catch {
            return names.map { ($0, error) }
        }
        var results: [(BaseName, RegistryError?)] = []
        for name in names {
            do throws(RegistryError) {
                try await resolve(name, reference, shown)
                results.append((name, nil))
            } catch {
                results.append((name, error))
            }
        }
        return results
    }

    private func resolve(
        _ base: BaseName,
        _ reference: ImageReference,
        _ shown: FetchedManifest
    ) async throws(RegistryError) {
        let client = try await registries.client(for: reference.host, repository: reference.repository)
        let isIndex = MediaType.isIndex(shown.descriptor.mediaType)
        var found = shown
        if isIndex {
            found = try await manifest(reference, Self.choice(in: shown, reference, base.platform), client)
        }
        let content: Manifest
        do throws(OCIError) {
            content = try Manifest(decoding: found.bytes)
            _ = try layout.writeBlob(found.bytes, mediaType: found.descriptor.mediaType)
        } catch {
            throw Self.broken(reference, error)
        }
        try await client.fetchConfiguration(content.configuration, from: reference.repository, into: layout)
        let known: Known
        do throws(OCIError) { known = try read(found.descriptor, confirmed: .now()) } catch {
            throw Self.broken(reference, error)
        }
        guard isIndex || known.isFor(base.platform) else {
            throw RegistryError(
                "\(reference) is for \(known.platform) alone, and not for \(base.platform)",
                remedy: "choose a base that is made for this platform, or write `platforms: \(known.platform)`"
            )
        }
        do throws(OCIError) {
            if keepsPins { try layout.tag(Self.name(base), as: known.pin) }
            let former = bases.withLock { $0.updateValue(known, forKey: base) }
            if let former, former.base != known.base { movedBases.withLock { _ = $0.insert(base) } }
        } catch {
            throw Self.broken(reference, error)
        }
    }

    private static func broken(_ reference: ImageReference, _ error: OCIError) -> RegistryError {
        var remedy = error.remedy
        if case .malformed = error { remedy = "the image in the registry is broken: push it again, or choose another" }
        return RegistryError("\(reference): \(error.reason)", remedy: remedy)
    }

    private func manifest(
        _ reference: ImageReference,
        _ name: String,
        _ client: RegistryClient
    ) async throws(RegistryError) -> FetchedManifest {
        if let found = try await client.manifest(reference.repository, name, isPull: true) { return found }
        throw RegistryError("there is no \(reference)", remedy: "check the name; private images need credentials")
    }

    private static func choice(
        in index: FetchedManifest,
        _ reference: ImageReference,
        _ platform: String
    ) throws(RegistryError) -> String {
        guard let all = try? ImageIndex(decoding: index.bytes), let found = all.manifest(for: platform) else {
            throw lacks(platform, reference)
        }
        return "\(found.digest)"
    }

    private static func lacks(_ platform: String, _ reference: ImageReference) -> RegistryError {
        RegistryError(
            "\(reference) has no image for \(platform)",
            remedy: "choose a base that is made for this platform"
        )
    }

    private func read(_ manifest: Descriptor, confirmed: Timestamp?) throws(OCIError) -> Known {
        let content = try layout.readManifest(manifest)
        let configuration = try ImageConfiguration(decoding: layout.readBlob(content.configuration))
        let execution = configuration.execution
        let variables = execution.environment.map { entry in
            let name = entry.prefix { $0 != "=" }
            return KeyValue(String(name), String(entry.dropFirst(name.count + 1)))
        }
        let defaults = BaseDefaults(
            environment: variables,
            workingDirectory: execution.workingDirectory.isEmpty ? "/" : execution.workingDirectory,
            user: execution.user,
            shell: execution.shell.isEmpty ? nil : execution.shell,
            onBuild: execution.onBuild
        )
        return Known(
            base: ExternalBase(digest: "\(manifest.digest)", defaults: defaults),
            manifest: manifest,
            confirmed: confirmed,
            created: configuration.created.flatMap(Timestamp.init(rfc3339:)),
            platform: PlatformName.normalized(configuration.platform) ?? configuration.platform
        )
    }

    // MARK: Layers

    /// Gets the layers of an image's bases for its platform into the store: each once.
    func fetchLayers(of image: Image) async throws(ImageProblem) {
        for pin in image.externalBases {
            guard let reference = ImageReference(parsing: pin.reference), let manifest = manifest(pin) else { continue }
            let content: Manifest
            do throws(OCIError) { content = try layout.readManifest(manifest) } catch { throw ImageProblem(error) }
            do throws(RegistryError) {
                for layer in content.layers where !layout.hasBlob(layer) {
                    let client = try await registries.client(for: reference.host, repository: reference.repository)
                    try await client.fetch(layer, from: reference.repository, into: layout)
                }
            } catch {
                throw ImageProblem(error)
            }
        }
    }
}
