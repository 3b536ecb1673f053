/// A node's inputs as one reading found them: the files, their hashes, and the key that follows.

internal import Dockerfile
internal import OCI
internal import Project

package struct InputFile: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case directory
        case file(ContentHash)
        case link(target: String)
    }
    /// Relative to the project's root.
    package var path: String
    package var stat: FileStat
    package var kind: Kind
}

/// A path of which a change was told.
package struct ChangedPath: Hashable, Sendable {
    /// Relative to the project's root.
    package var path: String
    /// Whatever is there and below may be another one; else only the file, or the folder without what is in it.
    package var isWhole: Bool
    package init(_ path: String, isWhole: Bool = false) { (self.path, self.isWhole) = (path, isWhole) }
}

package struct Reading: Sendable {
    let top: InputFolder
    init(top: InputFolder) { self.top = top }

    package static let nothing = Reading(top: .empty)

    /// All that was read, a folder before what is in it, the names of a folder in the order of their bytes.
    ///
    /// Made anew at each call.
    package var files: [InputFile] {
        var files: [InputFile] = []
        files.reserveCapacity(top.count)
        top.visit { path, entry in
            if let kind = entry.kind.shown { files.append(InputFile(path: path, stat: entry.stat, kind: kind)) }
            return true
        }
        return files
    }

    /// Those of them that are inputs of a narrower scope.
    package func files(in scope: InputScope) -> [InputFile] {
        var files: [InputFile] = []
        top.visit { path, entry in
            if let kind = entry.kind.shown, scope.reads(path) || scope.leadsBack(path) {
                files.append(InputFile(path: path, stat: entry.stat, kind: kind))
            }
            return !entry.stat.isDirectory || scope.mayRead(below: path)
        }
        return files
    }

    /// Whether a link is among them, by which more may have been read.
    package var hasLinks: Bool {
        func look(_ folder: InputFolder) -> Bool {
            folder.entries.contains { entry in
                switch entry.kind {
                case .link: true
                case .folder(let inner, _, _): look(inner)
                case .file, .unread: false
                }
            }
        }
        return look(top)
    }

    /// How many that are.
    package var count: Int { top.count }

    /// Whether the two are one, and not only alike.
    package func isSame(as other: Reading) -> Bool { top === other.top }

    /// Whether one of the files and links is such.
    func hasFiles(where fits: (String) -> Bool) -> Bool {
        var isFound = false
        top.visit { path, entry in
            if !isFound, !entry.stat.isDirectory { isFound = fits(path) }
            return !isFound
        }
        return isFound
    }

    /// Whether nothing of this changed since, by inode and times and not only by content: changed and changed back is
    /// changed.
    package func isUnchanged(in scope: InputScope, below root: String) -> Bool {
        guard let now = try? TreeReader(root: root, scope: scope).read(knowing: top) else { return false }
        return now.hasSameFiles(as: top)
    }

    /// Files that changed within the last seconds: whoever wrote them may still be writing.
    package func files(changedWithin seconds: Int64) -> [InputFile] {
        let horizon = FileStat.now() - seconds * 1_000_000_000
        return files {
            $0.newest >= horizon
        } where: {
            max($0.changed, $0.modified) >= horizon
        }
    }

    /// The files that fit.
    package func files(where fits: (FileStat) -> Bool) -> [InputFile] { files({ _ in true }, where: fits) }

    /// Files that have other names as well, which may lie where nobody watches.
    package var hardLinks: [InputFile] { files(\.hasHardLinks) { $0.links > 1 } }

    /// The files among which some fit, found by way of the folders that may hold such.
    private func files(_ mayHold: (InputFolder) -> Bool, where fits: (FileStat) -> Bool) -> [InputFile] {
        var found: [InputFile] = []
        func look(_ folder: InputFolder, at path: String) {
            for entry in folder.entries {
                switch entry.kind {
                case .file(let hash, _):
                    guard fits(entry.stat) else { continue }
                    let path = TreeReader.join(path, entry.name)
                    found.append(InputFile(path: path, stat: entry.stat, kind: .file(hash)))
                case .folder(let inner, _, _):
                    if mayHold(inner) { look(inner, at: TreeReader.join(path, entry.name)) }
                case .link, .unread: break
                }
            }
        }
        if mayHold(top) { look(top, at: "") }
        return found
    }

    /// Where the two differ in what counts, the folders in which they do not being passed by.
    package func differences(from old: Reading) -> [InputDifference] {
        var found: [InputDifference] = []
        top.compare(with: old.top, below: "") { path, new, old in
            let files = [new, old].map { entry in
                entry.flatMap { entry in
                    entry.kind.shown.map { InputFile(path: path, stat: entry.stat, kind: $0) }
                }
            }
            if files[0] != nil || files[1] != nil {
                found.append(InputDifference(path: path, new: files[0], old: files[1]))
            }
        }
        return found
    }
}

/// One path that two readings have differently; nil where one has nothing there.
package struct InputDifference: Sendable {
    package var path: String
    package var new: InputFile?
    package var old: InputFile?
}

/// Hashes texts, lists and readings so that no two sequences of them give the same bytes: each text stands behind its
/// length, each list behind its count.
struct KeyHasher: ~Copyable {
    private var hasher = SHA256Hasher()

    mutating func add(_ text: String) {
        hasher.update("\(text.utf8.count):")
        hasher.update(text)
    }

    mutating func add(_ name: String, _ texts: [String]) {
        add(name)
        add("\(texts.count)")
        for text in texts { add(text) }
    }

    /// The order of the pairs does not count.
    mutating func add(_ name: String, pairs: [KeyValue]) {
        add(name, pairs.sorted { ($0.key, $0.value) < ($1.key, $1.value) }.flatMap { [$0.key, $0.value] })
    }

    /// Paths, kinds, permissions and content; never a time, an owner or an inode.
    mutating func add(_ reading: Reading) { add("inputs", [reading.top.digest.hex]) }

    consuming func finish() -> String { hasher.finalize().hex }
}
