/// Reads `.imgwatch` and everything that it names, and says all that is wrong with it at once.

package import Dockerfile
import Graph

/// A project that can run, and what is odd about it.
package struct Loaded: Equatable, Sendable {
    package var project: Project
    package var warnings: [Diagnostic]
}

package enum Loader {
    package static let fileName = ".imgwatch"

    /// What images are made for: this machine's architecture, on Linux.
    package static var hostPlatform: String {
        #if arch(arm64)
        "linux/arm64"
        #else
        "linux/amd64"
        #endif
    }

    /// The configuration in `directory` or the nearest folder above it, absolute; nil where there is none.
    package static func find(from directory: String) -> String? {
        guard var folder = AbsolutePath.real(directory) else { return nil }
        while true {
            let path = folder == "/" ? "/\(fileName)" : "\(folder)/\(fileName)"
            if FileKind.of(path) == .file { return path }
            if folder == "/" { return nil }
            folder = "/" + RelativePath.parent(of: String(folder.dropFirst()))
        }
    }

    /// The absolute path of a configuration that is named, or else of the one that ``find(from:)`` finds.
    package static func locate(_ file: String?, from directory: String) throws(Diagnostic) -> String {
        guard let file else {
            if let found = find(from: directory) { return found }
            throw missing(fileName, "there is no \(fileName) in \(directory) or above it")
        }
        let path = file.hasPrefix("/") ? file : "\(directory)/\(file)"
        if FileKind.of(path) == .file { return path }
        throw missing(file, FileKind.of(path) == nil ? "there is no such file" : "this is not a file")
    }

    private static func missing(_ file: String, _ reason: String) -> Diagnostic {
        Diagnostic(
            id: Rule.missing.id,
            place: Place(file: file),
            reason: reason,
            remedy: "`imgwatch init` writes a configuration from the Dockerfiles that it finds."
        )
    }

    /// What stands in a build argument for the reference of an image of the project while that is not known; an
    /// evaluation shows it wherever the reference went.
    package static func placeholder(for image: String) -> String { "imgwatch.invalid/\(image):latest" }

    /// Reads the configuration `file`, whose folder is the project's root; `environment` is what `${NAME}` means, and
    /// `bases` is what is known of images outside the project, by the references that Dockerfiles name them by.
    ///
    /// An image on a base that is not among them has ``Image/unresolvedBases``: it loads, and can't be built.
    ///
    /// Throws every mistake that was found, the warnings among them, and the files that were looked at.
    package static func load(
        file: String,
        environment: [String: String],
        bases: [BaseName: ExternalBase]
    ) throws(Diagnostics) -> Loaded {
        var loading = try Loading(file: file, environment: environment, bases: bases)
        return try loading.run()
    }
}
