/// Bases outside the project: how a Dockerfile names them, and what they were found to be.

package import Dockerfile

/// A base outside the project, as it is named and what it was found to be.
package struct BasePin: Equatable, Sendable {
    /// As it stands in the Dockerfile, variables filled in.
    package var reference: String
    /// Of the manifest of the image's platform, like `sha256:…`; nil while nobody has looked.
    package var digest: String?
    package init(reference: String, digest: String?) { (self.reference, self.digest) = (reference, digest) }
}

/// What is known of a base outside the project.
package struct ExternalBase: Equatable, Sendable {
    /// Of the manifest of the image's platform, like `sha256:…`.
    package var digest: String
    package var defaults: BaseDefaults
    package init(digest: String, defaults: BaseDefaults) { (self.digest, self.defaults) = (digest, defaults) }
}
