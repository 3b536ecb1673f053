/// A pattern of the configuration's `inputs`: which paths of the project it names.
///
/// `*` and `?` stop at `/`, `[…]` is a class, `**` is any number of folders; a pattern that names a folder names all below it.
package struct PathPattern: Hashable, Sendable {
    /// Relative to the root, clean, no trailing slash.
    package var text: String
    /// Whether it was written with a trailing slash or ends in `/**`: it names what is below a folder.
    package var place: Place
}
