/// Reads what nodes name: walks the folders, and finds out what the files hold.

package import Git

/// Reads what a scope names.
package struct InputReader: Sendable {
    /// Absolute.
    package let root: String
    package let index: HashIndex
    private let device: UInt64?
    /// What names the content of files that nobody has touched since git looked at them.
    private let committed: CommittedFiles?

    /// With `tellsByTimes`, each entry that comes or goes sets the times of its folder, on the root's device.
    package init(root: String, index: HashIndex, tellsByTimes: Bool = false, repository: Repository? = nil) {
        (self.root, self.index) = (root, index)
        device = tellsByTimes ? FileStat(of: root)?.device : nil
        committed = repository.flatMap { CommittedFiles($0, root: root) }
    }

    /// What the scope reads now; files that `known` has with these times are not read, and if that is a reading of the
    /// very scope, neither is asked again which it reads.
    ///
    /// - Returns: nil where a file changed or vanished while it was read.
    package func read(
        _ scope: InputScope,
        knowing known: Reading? = nil,
        ofScope isOfScope: Bool = true
    ) throws(UnreadableInput) -> Reading? {
        try settled(in: scope) { reader throws(TreeReader.Failure) in
            reader.knowsScope = isOfScope
            return try reader.read(knowing: known?.top)
        }
    }

    /// The reading after these paths changed, and nothing else.
    ///
    /// - Returns: nil where a file changed while it was read.
    package func updated(
        _ reading: Reading,
        at changes: some Sequence<ChangedPath>,
        in scope: InputScope
    ) throws(UnreadableInput) -> Reading? {
        let names = ChangedNames(changes)
        return try settled(in: scope) { reader throws(TreeReader.Failure) in
            try reader.updated(reading.top, at: names)
        }
    }

    private func settled(
        in scope: InputScope,
        _ walk: (inout TreeReader) throws(TreeReader.Failure) -> InputFolder
    ) throws(UnreadableInput) -> Reading? {
        do throws(TreeReader.Failure) {
            let moment = FileStat.now()
            var reader = TreeReader(root: root, scope: scope)
            reader.device = device
            let top = try walk(&reader)
            return Reading(top: reader.filled(top, with: try hashes(of: reader.unread.files, lookedAtSince: moment)))
        } catch {
            if case .unreadable(let problem) = error { throw problem }
            return nil
        }
    }

    // MARK: Content

    /// So many files are worth reading git's index.
    private static let worthAsking = 100

    private func hashes(of files: [UnreadFile], lookedAtSince moment: Int64) throws(TreeReader.Failure) -> [FoundHash] {
        var found: [FoundHash?] = files.map { $0.isTold ? nil : index.known(root + "/" + $0.path, $0.stat) }
        let missing = found.indices.filter { found[$0] == nil }
        if missing.count >= Self.worthAsking, let committed {
            let blobs = committed.blobs(of: missing.map { files[$0] }, lookedAtSince: moment)
            for (number, blob) in zip(missing, blobs) {
                found[number] = blob.map {
                    FoundHash(hash: ContentHash(blobID: $0, digest: index.digest(of: $0)), isProven: true)
                }
            }
        }
        let rest = missing.filter { found[$0] == nil }
        for (number, hash) in zip(rest, try read(rest.map { files[$0] })) { found[number] = hash }
        return found.compactMap(\.self)
    }

    /// Reads the files, on several threads where there are many.
    private func read(_ files: [UnreadFile]) throws(TreeReader.Failure) -> [FoundHash] {
        let results = SideBySide.mapPortions(of: files) { part in
            Result { () throws(TreeReader.Failure) in try part.map(hash) }
        }
        var all: [FoundHash] = []
        all.reserveCapacity(files.count)
        for result in results { all += try result.get() }
        return all
    }

    private func hash(of file: UnreadFile) throws(TreeReader.Failure) -> FoundHash {
        let found: FoundHash?
        do throws(UnreadableInput) {
            found = try index.hash(of: root + "/" + file.path, file.stat, isTold: file.isTold)
        } catch {
            throw .unreadable(UnreadableInput(path: file.path, reason: error.reason))
        }
        guard let found else { throw .unsettled }
        return found
    }
}

/// The files of a work tree, as git's index knows them.
private struct CommittedFiles: Sendable {
    private let repository: Repository
    /// The project's root relative to the work tree; "" or ending in a slash.
    private let prefix: String

    /// nil where the project does not lie in the work tree.
    init?(_ repository: Repository, root: String) {
        guard let prefix = repository.prefix(of: root) else { return nil }
        (self.repository, self.prefix) = (repository, prefix)
    }

    /// In the order of the files; nil where the index proves nothing.
    func blobs(of files: [UnreadFile], lookedAtSince moment: Int64) -> [BlobID?] {
        repository.indexedBlobs(of: files.map { IndexedFile(prefix + $0.path, $0.stat) }, lookedAtSince: moment)
    }
}

extension Repository {
    /// The folder relative to the work tree, "" or ending in a slash; nil where it does not lie there.
    func prefix(of folder: String) -> String? {
        if folder == workDirectory { return "" }
        return InputScope.isBelow(folder, workDirectory) ? String(folder.dropFirst(workDirectory.count + 1)) + "/" : nil
    }
}

extension IndexedFile {
    init(_ path: String, _ stat: FileStat) {
        self.init(
            path: path,
            device: stat.device,
            inode: stat.inode,
            size: stat.size,
            modified: stat.modified,
            changed: stat.changed,
            mode: stat.mode,
            user: stat.user,
            group: stat.group
        )
    }
}
