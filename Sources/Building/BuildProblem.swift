/// Why an image could not be made, for the person who wrote the Dockerfile.

internal import Dockerfile
package import OCI

package struct BuildProblem: Error, Hashable, Sendable {
    /// Never changes once it is out: `copy-source-missing`, `input-changed` and so on.
    package var id: String
    /// The line of the instruction in the Dockerfile, from 1; nil where none is to blame.
    package var line: Int?
    /// One line, without a full stop.
    package var reason: String
    /// What can be done about it; one line, without a full stop.
    package var remedy: String
    /// Set where a file of the context is no longer what it was when it was hashed: the run does not count, and goes
    /// round again.
    ///
    /// The file's path on the machine.
    package var changedInput: String?
    /// Set where a build needs the bytes of a base's layer that is not in the layout.
    package var missingLayer: Digest?
    /// Whether the Dockerfile is good, and only this builder can't do it.
    package var isUnsupported = false

    /// Whether it is about what the files are, and not about how they are read and stored.
    package var isOfFiles: Bool { id.begins(with: "copy-") || id == "link-loop" }

    init(_ id: String, _ reason: String, remedy: String) {
        (self.id, self.reason, self.remedy) = (id, reason, remedy)
    }
}

extension BuildProblem {
    static func inputChanged(_ path: String) -> BuildProblem {
        var problem = BuildProblem(
            "input-changed",
            "\(path) changed while it was packed",
            remedy: "build again; nothing was published"
        )
        problem.changedInput = path
        return problem
    }

    static func unreadable(_ path: String, _ reason: String) -> BuildProblem {
        BuildProblem(
            "input-unreadable",
            "\(path) cannot be read: \(reason)",
            remedy: "make it readable for this user, or leave it out in .dockerignore"
        )
    }

    static func storage(_ error: OCIError) -> BuildProblem {
        BuildProblem("storage", error.reason, remedy: error.remedy)
    }

    static let cancelled = BuildProblem("cancelled", "the build was cancelled", remedy: "build again")

    static func unsupported(_ id: String, _ what: String, remedy: String) -> BuildProblem {
        var problem = BuildProblem(id, "\(what) is nothing that imgwatch itself does", remedy: remedy)
        problem.isUnsupported = true
        return problem
    }

    static func linkLoop(_ path: TreePath) -> BuildProblem {
        BuildProblem("link-loop", "/\(path.text) leads through too many links", remedy: "remove the loop of links")
    }

    static func inTheWay(_ path: TreePath, _ reason: String) -> BuildProblem {
        BuildProblem(
            "copy-destination-conflict",
            "/\(path.text): \(reason)",
            remedy: "copy to another path: COPY never turns a folder into a file, nor a file into a folder"
        )
    }
}
