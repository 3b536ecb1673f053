/// What an image that a Dockerfile starts from is called, together with the platform that it is had for.

package struct BaseName: Hashable, Comparable, Sendable {
    /// The name of an image of the project, or the reference of one from elsewhere as it is written after expansion.
    package var reference: String
    /// As ``PlatformName`` has it.
    package var platform: String

    package init(_ reference: String, for platform: String) { (self.reference, self.platform) = (reference, platform) }

    package static func < (a: Self, b: Self) -> Bool { (a.reference, a.platform) < (b.reference, b.platform) }
}

/// Platforms as the field writes them: `linux/amd64`, `linux/arm/v7`.
package enum PlatformName {
    /// The usual other names replaced, and what is left open filled in as BuildKit does; nil for what is no platform.
    package static func normalized(_ text: String) -> String? { Platform(text)?.text }
}
