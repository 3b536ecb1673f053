/// What the virtual registry holds and shows, and what is deployed.

import Engine

struct Registry: Sendable {
    /// A moving name of an image.
    struct Alias: Hashable, Sendable {
        var image: Int
        var destination: String
    }

    /// What a deploy has made of an image: with another command it is another deployment.
    struct Deployment: Equatable, Sendable {
        var publication: Publication
        var command: Int
    }

    /// By key: the names that it was published under.
    private var tags: [String: [Provenance]] = [:]
    private(set) var aliases: [Alias: Publication] = [:]
    /// By node.
    private(set) var deployments: [Int: Deployment] = [:]

    func holds(_ key: String) -> Bool { tags[key] != nil }

    func shows(_ key: String, as provenance: Provenance) -> Bool { tags[key]?.contains(provenance) ?? false }

    /// Whether a remembered publication can still be found.
    func shows(_ publication: Publication, of image: Int) -> Bool {
        holds(publication.key)
            && aliases[Alias(image: image, destination: publication.destination)]?.key == publication.key
    }

    /// A dirty tag is never added to a key that is already published.
    mutating func tag(_ publication: Publication) {
        let key = publication.key
        guard !publication.provenance.isDirty || !holds(key), !shows(key, as: publication.provenance) else { return }
        tags[key, default: []].append(publication.provenance)
    }

    /// - Returns: what the alias showed before.
    mutating func move(_ alias: Alias, to publication: Publication) -> Publication? {
        aliases.updateValue(publication, forKey: alias)
    }

    mutating func deploy(_ node: Int, _ deployment: Deployment) -> Publication? {
        deployments.updateValue(deployment, forKey: node)?.publication
    }

    /// What a clean-up on the registry's side takes away.
    mutating func forget(_ key: String) { tags[key] = nil }
}
