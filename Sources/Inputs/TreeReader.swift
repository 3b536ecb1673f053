/// Walks the parts of the project that a node may read, and takes from what was read before all that did not change.

internal import Dockerfile
internal import Git
internal import Glibc
internal import Project
internal import Synchronization

/// A folder that could not be listed, or a file that could not be read.
package struct UnreadableInput: Error, Equatable, Sendable {
    /// Relative to the project's root.
    package var path: String
    /// As the system says it: `Permission denied`.
    package var reason: String

    init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }
    init(_ path: String, _ code: Int32) { self.init(path: path, reason: String(cString: strerror(code))) }
}

/// Links are found, and not followed; devices, pipes and sockets are no content, and not found.
struct TreeReader: Sendable {
    typealias Entry = InputFolder.Entry

    enum Failure: Error {
        case unreadable(UnreadableInput)
        /// A file changed or vanished while it was read.
        case unsettled
    }

    /// Absolute.
    let root: String
    let scope: InputScope
    /// What was found, and is still to be read.
    let unread = UnreadFiles()
    /// The device on which a folder's times tell whether something came or went in it; nil: none.
    var device: UInt64?
    /// Whether what is known is of this very scope, which then need not be asked again.
    var knowsScope = true
    /// Whether files are passed by, unseen: most of a tree is files.
    var skipsFiles = false

    /// Everything that the scope reads now; `known` is what the same scope read before.
    func read(knowing known: InputFolder? = nil) throws(Failure) -> InputFolder {
        if let names = scope.names(onTheWayFrom: "") { return try passing("", names, known) }
        return try listed("", open(root, FolderListing.flags), known)
    }

    /// The same after these paths changed, and nothing else.
    func updated(_ known: InputFolder, at changes: ChangedNames) throws(Failure) -> InputFolder {
        changes.isWhole ? try read(knowing: known) : try updated(known, "", changes)
    }

    // MARK: Folders

    /// A place in the project, and how the kernel finds it.
    private struct Spot {
        let name: String
        /// Relative to the root.
        let path: String
        let folder: Int32
        let reach: String
    }

    /// What is in the folder, whose descriptor this takes over.
    private func listed(_ path: String, _ descriptor: Int32, _ known: InputFolder?) throws(Failure) -> InputFolder {
        guard var listing = FolderListing(descriptor) else {
            try refuse(path)
            return .empty
        }
        var names: [(name: String, stat: FileStat)] = []
        var folders = 0
        while let found = listing.next() {
            if skipsFiles, found.isFile { continue }
            guard let stat = try stat(of: found, in: listing.descriptor, path) else { continue }
            names.append((found.name, stat))
            folders += stat.isDirectory ? 1 : 0
        }
        names.sort { $0.name.hasBytes(before: $1.name) }
        let (all, descriptor) = (names, listing.descriptor)
        // Deeper down there are threads enough.
        let isWide = folders > 1 && path.utf8.count { $0 == 0x2F } < Self.wideLevels
        let entries = try each(of: all.count, isWide) { index throws(Failure) in
            let (name, stat) = all[index]
            return try entry(name, stat, in: descriptor, path, known?[name])
        }
        return folder(of: entries, known)
    }

    /// The same where nothing came or went since it was listed: its entries are looked at, one by one.
    private func relisted(_ path: String, _ descriptor: Int32, _ known: InputFolder) throws(Failure) -> InputFolder {
        guard descriptor >= 0 else { return try listed(path, descriptor, known) }
        defer { close(descriptor) }
        let look: @Sendable (Int) throws(Failure) -> Entry? = { index throws(Failure) in
            let before = known.entries[index]
            guard let stat = FileStat(of: before.name, in: descriptor) else {
                // It went this moment.
                try refuse(Self.join(path, before.name))
                return nil
            }
            return try entry(before.name, stat, in: descriptor, path, before)
        }
        if known.count > Self.wideFolder, known.entries.count(where: { $0.stat.isDirectory }) > 1 {
            return folder(of: try each(of: known.entries.count, true, look), known)
        }
        // In most folders nothing changed: then nothing is made anew.
        var entries: [Entry]?
        for index in known.entries.indices {
            let now = try look(index)
            if entries == nil, now?.isIdentical(to: known.entries[index]) == true { continue }
            if entries == nil { entries = Array(known.entries[..<index]) }
            if let now { entries?.append(now) }
        }
        return entries.map { folder(of: $0, nil) } ?? known
    }

    /// How deep folders are walked side by side that nothing is known of, and how much such a folder holds otherwise.
    private static let wideLevels = 4
    private static let wideFolder = 4_000
    private static let parts = 8

    /// The entries of these numbers, those of a wide folder made by several threads.
    private func each(
        of count: Int,
        _ isWide: Bool,
        _ make: @Sendable (Int) throws(Failure) -> Entry?
    ) throws(Failure) -> [Entry] {
        guard isWide else { return try made(0..<count, make) }
        let size = (count + Self.parts - 1) / Self.parts
        let parts = SideBySide.map(Self.parts) { part in
            let numbers = min(part * size, count)..<min((part + 1) * size, count)
            return Result { () throws(Failure) in try made(numbers, make) }
        }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        for part in parts { entries += try part.get() }
        return entries
    }

    private func made(_ numbers: Range<Int>, _ make: (Int) throws(Failure) -> Entry?) throws(Failure) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(numbers.count)
        for number in numbers {
            if let entry = try make(number) { entries.append(entry) }
        }
        return entries
    }

    /// What the folder's listing shows under the name.
    private func entry(
        _ name: String,
        _ stat: FileStat,
        in folder: Int32,
        _ path: String,
        _ known: Entry?
    ) throws(Failure) -> Entry? {
        if stat.isFile, let known, case .file(_, isProven: true) = known.kind, known.stat == stat {
            return knowsScope || scope.reads(Self.join(path, name)) ? known : nil
        }
        return try entry(Spot(name: name, path: Self.join(path, name), folder: folder, reach: name), stat, known)
    }

    private func stat(
        of found: FolderListing.Entry,
        in folder: Int32,
        _ path: String
    ) throws(Failure) -> FileStat? {
        if found.isText, let stat = FileStat(of: found.name, in: folder) { return stat }
        let reason = errno
        let path = Self.join(path, found.name)
        guard scope.reads(path) || found.isFolder && scope.mayRead(below: path) else { return nil }
        guard found.isText else { throw .unreadable(UnreadableInput(path: path, reason: "its name is no UTF-8")) }
        errno = reason
        try refuse(path)
        return nil
    }

    /// Of a folder on the way to where the scope looks, only what leads there.
    private func passing(_ path: String, _ names: [String], _ known: InputFolder?) throws(Failure) -> InputFolder {
        var entries: [Entry] = []
        for name in names {
            let spot = spot(name, below: path)
            guard let stat = try stat(at: spot) else { continue }
            if let entry = try entry(spot, stat, known?[name]) { entries.append(entry) }
        }
        return folder(of: entries, known)
    }

    /// The known one, where it holds the same.
    private func folder(of entries: [Entry], _ known: InputFolder?) -> InputFolder {
        if knowsScope, let known, known.entries.count == entries.count,
            zip(known.entries, entries).allSatisfy({ $0.isIdentical(to: $1) })
        {
            return known
        }
        if entries.isEmpty { return .empty }
        // It is kept for long: without the room that was for more.
        let fitting = entries.capacity - entries.count > entries.count / 8 ? entries.map(\.self) : entries
        return InputFolder(fitting, countsFolders: scope.countsFolders)
    }

    // MARK: Entries

    private func spot(_ name: String, below folder: String) -> Spot {
        let path = Self.join(folder, name)
        return Spot(name: name, path: path, folder: AT_FDCWD, reach: root + "/" + path)
    }

    private func stat(at spot: Spot) throws(Failure) -> FileStat? {
        if let stat = FileStat(of: spot.reach, in: spot.folder) { return stat }
        try refuse(spot.path)
        return nil
    }

    /// nil where the scope reads nothing there.
    private func entry(_ spot: Spot, _ stat: FileStat, _ known: Entry?) throws(Failure) -> Entry? {
        guard stat.isDirectory else { return try leaf(spot, stat, isTold: false) }
        let start = FileStat.now()
        if knowsScope, let known, case .folder(let inner, _, isProven: true) = known.kind, known.stat == stat {
            // What is in it is looked at all the same.
            if inner.entries.isEmpty { return known }
            if scope.names(onTheWayFrom: spot.path) == nil {
                let descriptor = openat(spot.folder, spot.reach, FolderListing.flags)
                return folder(spot, stat, try relisted(spot.path, descriptor, inner), isProven: true)
            }
        }
        if let names = scope.names(onTheWayFrom: spot.path) {
            return folder(spot, stat, try passing(spot.path, names, known?.kind.folder), isProven: false)
        }
        guard scope.mayRead(below: spot.path) else { return folder(spot, stat, .empty, isProven: false) }
        let descriptor = openat(spot.folder, spot.reach, FolderListing.flags)
        let inner = try listed(spot.path, descriptor, known?.kind.folder)
        return folder(spot, stat, inner, isProven: stat.isProven(by: start) && stat.device == device)
    }

    private func folder(_ spot: Spot, _ stat: FileStat, _ inner: InputFolder, isProven: Bool) -> Entry? {
        let isInput = scope.reads(spot.path) || inner.count > 0 && scope.leadsBack(spot.path)
        // What comes into it later sets no time of the folder above it: it is looked at, though it counts for nothing.
        guard isInput || inner.count > 0 || !skipsFiles && scope.mayRead(below: spot.path) else { return nil }
        return Entry(name: spot.name, stat: stat, kind: .folder(inner, isInput: isInput, isProven: isProven))
    }

    /// A file or a link.
    private func leaf(_ spot: Spot, _ stat: FileStat, isTold: Bool) throws(Failure) -> Entry? {
        guard stat.isFile && !skipsFiles || stat.isLink, scope.reads(spot.path) else { return nil }
        if stat.isLink {
            guard let target = LinkTarget.of(root + "/" + spot.path) else { throw .unsettled }
            return Entry(name: spot.name, stat: stat, kind: .link(target: target))
        }
        let number = unread.add(UnreadFile(path: spot.path, stat: stat, isTold: isTold))
        return Entry(name: spot.name, stat: stat, kind: .unread(number))
    }

    /// The folder with what its files were found to hold.
    func filled(_ folder: InputFolder, with found: [FoundHash]) -> InputFolder {
        guard folder.summary.hasUnread else { return folder }
        var entries = folder.entries
        for index in entries.indices {
            switch entries[index].kind {
            case .unread(let number):
                entries[index].kind = .file(found[number].hash, isProven: found[number].isProven)
            case .folder(let folder, let isInput, let isProven) where folder.summary.hasUnread:
                let inner = filled(folder, with: found)
                entries[index].kind = .folder(inner, isInput: isInput, isProven: isProven)
            case .file, .link, .folder: break
            }
        }
        return InputFolder(entries, countsFolders: scope.countsFolders)
    }

    // MARK: Changes

    private func updated(_ known: InputFolder, _ path: String, _ changes: ChangedNames) throws(Failure) -> InputFolder {
        let onTheWay = scope.names(onTheWayFrom: path)
        let children = changes.children
        var entries: [Entry] = []
        entries.reserveCapacity(known.entries.count + children.count)
        var copied = 0
        for (name, change) in children {
            if let onTheWay, !onTheWay.contains(where: name.isSame) { continue }
            let (index, isThere) = known.place(of: name)
            entries += known.entries[copied..<index]
            copied = isThere ? index + 1 : index
            let before = isThere ? known.entries[index] : nil
            if let entry = try updated(spot(name, below: path), before, change) { entries.append(entry) }
        }
        entries += known.entries[copied...]
        return folder(of: entries, known)
    }

    private func updated(_ spot: Spot, _ known: Entry?, _ change: ChangedNames) throws(Failure) -> Entry? {
        guard let stat = try stat(at: spot) else { return nil }
        guard stat.isDirectory else { return try leaf(spot, stat, isTold: true) }
        guard !change.isWhole, let inner = known?.kind.folder, known?.stat.inode == stat.inode else {
            return try entry(spot, stat, known)
        }
        return folder(spot, stat, try updated(inner, spot.path, change), isProven: false)
    }

    /// What vanished meanwhile is not there; what can't be opened is an error.
    private func refuse(_ path: String) throws(Failure) {
        let code = errno
        guard code == ENOENT || code == ENOTDIR || code == ELOOP else {
            throw .unreadable(UnreadableInput(path, code))
        }
    }

    static func join(_ folder: String, _ name: String) -> String { folder.isEmpty ? name : folder + "/" + name }
}

/// A file that is to be read.
struct UnreadFile: Sendable {
    /// Relative to the project's root.
    var path: String
    var stat: FileStat
    /// A change was told: its times say nothing, since what is written through a map may leave them as they are
    /// (mmap(2)).
    var isTold: Bool
}

/// The files that a walk found to be read, which is done for all of them at once.
final class UnreadFiles: Sendable {
    private let found = Mutex<[UnreadFile]>([])

    var files: [UnreadFile] { found.withLock(\.self) }

    /// - Returns: Its number.
    func add(_ file: UnreadFile) -> Int {
        found.withLock { files in
            files.append(file)
            return files.count - 1
        }
    }
}

extension InputFolder.Entry {
    /// Whether nothing was read anew, or is known better: a folder's times count for nothing.
    fileprivate func isIdentical(to other: InputFolder.Entry) -> Bool {
        guard name.isSame(as: other.name) else { return false }
        return switch (kind, other.kind) {
        case (.file(let a, let isProven), .file(let b, let isOther)):
            stat == other.stat && a == b && isProven == isOther
        case (.link(let a), .link(let b)): stat == other.stat && a.isSame(as: b)
        case (.folder(let a, let isInput, let isProven), .folder(let b, let isOther, let isOtherProven)):
            a === b && isInput == isOther && stat.inode == other.stat.inode && stat.mode == other.stat.mode
                && (isProven || !isOtherProven)
        default: false
        }
    }
}
