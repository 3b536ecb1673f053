/// The shapes that a repository can have, each made by git, with one file that two commits changed: `kept/a`.

import Foundation

enum Shape: String, CaseIterable, Sendable {
    case plain, linked, submodule, superproject, sparse, coneSparse, sparseIndex, splitIndex
    case worktreeConfig, partialExtension, noop, preciousObjects, objectFormat
    case withoutBlobs, withoutTrees, shallow, alternates, lineEndings, missingFilter
    case detached, packed, linkedDirectory, elsewhere, cached, corruptIndex

    /// Whether it ends before what git, which may fetch, finds.
    var lacksHistory: Bool { self == .withoutTrees || self == .shallow }

    /// Whether the index says anything.
    var hasIndex: Bool { self != .splitIndex && self != .corruptIndex }

    /// - Returns: The work tree.
    func make(in place: TemporaryRepository) throws -> String {
        try place.commit(["kept/a": "1\n", "left/b": "2\n", "top": "3\n"])
        try place.commit(["kept/a": "4\n"])
        try place.git("config", "uploadpack.allowFilter", "true")
        switch self {
        case .plain: break
        case .linked, .submodule, .superproject, .withoutBlobs, .withoutTrees, .shallow, .alternates:
            return try makeAnother(in: place)
        case .elsewhere, .linkedDirectory: return try moveDirectory(in: place)
        case .sparse: try place.git("sparse-checkout", "set", "--no-cone", "/kept/")
        case .coneSparse: try place.git("sparse-checkout", "set", "--cone", "kept")
        case .sparseIndex: try place.git("sparse-checkout", "set", "--cone", "--sparse-index", "kept")
        case .splitIndex: try place.git("update-index", "--split-index")
        case .worktreeConfig: try extend(place, "worktreeConfig", "true")
        case .partialExtension: try extend(place, "partialClone", "origin")
        case .noop: try extend(place, "noop", "true")
        case .preciousObjects: try extend(place, "preciousObjects", "true")
        case .objectFormat: try extend(place, "objectFormat", "sha1")
        case .lineEndings: try place.git("config", "core.autocrlf", "true")
        case .missingFilter: try place.commit([".gitattributes": "top filter=lfs\n"])
        case .detached: try place.git("checkout", "-q", "--detach")
        case .packed: try place.git("gc", "-q")
        case .cached:
            try place.git("config", "core.untrackedCache", "true")
            try place.git("config", "core.fsmonitor", "/bin/true")
            try place.git("status")
        case .corruptIndex: try place.write("junk", to: ".git/index")
        }
        return place.root
    }

    private func makeAnother(in place: TemporaryRepository) throws -> String {
        let (other, source) = (place.folder + "/other", "file://" + place.root)
        switch self {
        case .linked: try place.git("worktree", "add", "-q", "-b", "side", other)
        case .withoutBlobs: try place.git("clone", "-q", "--filter=blob:none", source, other)
        case .withoutTrees: try place.git("clone", "-q", "--filter=tree:0", source, other)
        case .shallow: try place.git("clone", "-q", "--depth=1", source, other)
        case .alternates: try place.git("clone", "-q", "--shared", place.root, other)
        default:
            try place.git("clone", "-q", place.root, other)
            let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", place.root, "inner"]
            _ = try place.git(add, in: other)
            try place.git("commit", "-q", "-m", "submodule", in: other)
            return self == .submodule ? other + "/inner" : other
        }
        return other
    }

    private func moveDirectory(in place: TemporaryRepository) throws -> String {
        let (git, files) = (place.root + "/.git", FileManager.default)
        guard self == .elsewhere else {
            try files.moveItem(atPath: git, toPath: place.folder + "/real")
            try files.createSymbolicLink(atPath: git, withDestinationPath: "../real")
            return place.root
        }
        try files.createDirectory(atPath: place.folder + "/tree", withIntermediateDirectories: true)
        try files.moveItem(atPath: git, toPath: place.folder + "/real")
        try "gitdir: ../real\n".write(toFile: place.folder + "/tree/.git", atomically: false, encoding: .utf8)
        try place.git("config", "-f", place.folder + "/real/config", "core.worktree", place.folder + "/tree")
        try place.git("reset", "-q", "--hard", in: place.folder + "/tree")
        return place.folder + "/tree"
    }

    private func extend(_ place: TemporaryRepository, _ name: String, _ value: String) throws {
        try place.git("config", "core.repositoryFormatVersion", "1")
        try place.git("config", "extensions." + name, value)
    }
}
