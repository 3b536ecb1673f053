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

package struct Reading: Sendable {
    /// In the order of the paths' bytes.
    package var files: [InputFile]
    package init(files: [InputFile]) { self.files = files }

    /// Whether nothing of this changed since, by inode and times and not only by content: changed and changed back is
    /// changed.
    package func isUnchanged(in scope: InputScope, below root: String) -> Bool {
        guard let walked = try? TreeWalk.files(below: root, in: scope) else { return false }
        // A folder's times change with what comes and goes in it, outputs too; its files are compared themselves.
        let now = walked.filter { !$0.stat.isDirectory }
        let then = files.filter { !$0.stat.isDirectory }
        return now.count == then.count && zip(now, then).allSatisfy { $0.path == $1.path && $0.stat == $1.stat }
    }

    /// Files that changed within the last seconds: whoever wrote them may still be writing.
    package func files(changedWithin seconds: Int64) -> [InputFile] {
        let horizon = FileStat.now() - seconds * 1_000_000_000
        return files.filter { $0.stat.isFile && max($0.stat.changed, $0.stat.modified) >= horizon }
    }
}

/// Reads what a scope names, by way of the hash index.
package struct InputReader: Sendable {
    /// Absolute.
    package let root: String
    package let index: HashIndex
    package init(root: String, index: HashIndex) { (self.root, self.index) = (root, index) }

    /// - Returns: nil where a file changed or vanished while it was read.
    package func read(_ scope: InputScope) throws(UnreadableInput) -> Reading? {
        var files: [InputFile] = []
        for walked in try TreeWalk.files(below: root, in: scope) {
            guard let kind = try kind(of: walked) else { return nil }
            files.append(InputFile(path: walked.path, stat: walked.stat, kind: kind))
        }
        return Reading(files: files)
    }

    /// The reading after these paths changed, and nothing else.
    ///
    /// - Returns: nil where a folder or a link is among them, or a file changed while it was read: all is to be read.
    package func updated(
        _ reading: Reading,
        at paths: some Sequence<String>,
        in scope: InputScope
    ) throws(UnreadableInput) -> Reading? {
        var files = reading.files
        for path in paths {
            let place = Self.place(of: path, in: files)
            let isKnown = place < files.count && files[place].path.isSame(as: path)
            if isKnown, !files[place].stat.isFile { return nil }
            let below = Self.place(of: path + "/", in: files)
            if below < files.count, files[below].path.utf8.starts(with: (path + "/").utf8) { return nil }
            guard let stat = FileStat(of: root + "/" + path) else {
                guard isKnown else { continue }
                if scope.isInFolderLeadingBack(path) { return nil }
                files.remove(at: place)
                continue
            }
            guard stat.isFile, !TreeWalk.isBehindLink(path, below: root) else { return nil }
            guard scope.reads(path) else { continue }
            if !isKnown, scope.isInFolderLeadingBack(path) { return nil }
            guard let kind = try kind(of: WalkedFile(path: path, stat: stat)) else { return nil }
            let file = InputFile(path: path, stat: stat, kind: kind)
            if isKnown { files[place] = file } else { files.insert(file, at: place) }
        }
        return Reading(files: files)
    }

    /// Where the path stands, or would.
    private static func place(of path: String, in files: [InputFile]) -> Int {
        var (low, high) = (0, files.count)
        while low < high {
            let middle = (low + high) / 2
            if files[middle].path.utf8.lexicographicallyPrecedes(path.utf8) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func kind(of walked: WalkedFile) throws(UnreadableInput) -> InputFile.Kind? {
        if walked.stat.isDirectory { return .directory }
        let path = root + "/" + walked.path
        if walked.stat.isLink { return LinkTarget.of(path).map { .link(target: $0) } }
        do {
            return try index.hash(of: path, walked.stat).map { .file($0) }
        } catch {
            throw UnreadableInput(path: walked.path, reason: error.reason)
        }
    }
}

/// Hashes texts, lists and files so that no two sequences of them give the same bytes: each text stands behind its
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
    mutating func add(_ files: [InputFile]) {
        add("files \(files.count)")
        for file in files {
            add(file.path)
            switch file.kind {
            case .directory: add("d\(String(file.stat.permissions, radix: 8))")
            case .file(let hash): add("f\(String(file.stat.permissions, radix: 8)) \(hash.digest.hex)")
            case .link(let target): add("l" + target)
            }
        }
    }

    consuming func finish() -> String { hasher.finalize().hex }
}
