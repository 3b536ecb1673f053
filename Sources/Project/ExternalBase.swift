/// Bases outside the project: how a Dockerfile names them, and what they were found to be.

package import Dockerfile

/// A base outside the project, as it is named and what it was found to be.
package struct BasePin: Equatable, Sendable {
    /// As it stands in the Dockerfile, variables filled in.
    package var reference: String
    /// That it is had for.
    package var platform: String
    /// Of the manifest for the platform, like `sha256:…`; nil while nobody has looked.
    package var digest: String?

    package init(reference: String, for platform: String = Loader.hostPlatform, digest: String?) {
        (self.reference, self.platform, self.digest) = (reference, platform, digest)
    }

    package var name: BaseName { BaseName(reference, for: platform) }
}

/// What is known of a base outside the project.
package struct ExternalBase: Equatable, Sendable {
    /// Of the manifest of the image's platform, like `sha256:…`.
    package var digest: String
    package var defaults: BaseDefaults
    package init(digest: String, defaults: BaseDefaults) { (self.digest, self.defaults) = (digest, defaults) }
}
