/// Files with other names: a write through a name outside the watched directories is an event of the inode alone.

import Glibc

/// One watch for each inode that the wanted paths stand for.
struct FileWatches {
    static let mask = UInt32(bitPattern: IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MASK_ADD)

    private let intake: EventIntake
    private(set) var wanted: Set<RawPath> = []
    private var watches: [RawPath: Int32] = [:]
    private var paths: [Int32: Set<RawPath>] = [:]
    /// What could not be watched, though it is there.
    private(set) var troubled: [RawPath: WatchTrouble] = [:]
    /// Paths of files at which another inode may stand now.
    private var replacedFiles: Set<RawPath> = []
    /// Directories below which that may be so.
    private var replacedFolders: Set<RawPath> = []

    init(intake: EventIntake) { self.intake = intake }

    /// The wanted paths of the watch's inode; nil where it is none of these watches.
    func paths(of watch: Int32) -> Set<RawPath>? { paths[watch] }

    /// Replaces what is wanted; the result is what is watched only from now on.
    mutating func want(_ wanted: Set<RawPath>, table: WatchTable) -> Set<RawPath> {
        let added = wanted.subtracting(self.wanted)
        for path in self.wanted.subtracting(wanted) { release(path, table: table) }
        self.wanted = wanted
        for path in added { look(at: path, table: table) }
        return added
    }

    /// Something came to the path, or went from it.
    mutating func noteReplaced(_ path: @autoclosure () -> RawPath, isDirectory: Bool) {
        guard !wanted.isEmpty else { return }
        if isDirectory { replacedFolders.insert(path()) } else { replacedFiles.insert(path()) }
    }

    /// The kernel took the watch away.
    mutating func forget(_ watch: Int32) {
        for path in paths.removeValue(forKey: watch) ?? [] {
            watches[path] = nil
            replacedFiles.insert(path)
        }
    }

    /// Watches what stands now where something was replaced, and what failed before.
    mutating func settle(table: WatchTable) {
        var stale = replacedFiles.intersection(wanted).union(troubled.keys)
        if !replacedFolders.isEmpty {
            stale.formUnion(wanted.filter { !replacedFolders.isDisjoint(with: $0.folders) })
        }
        (replacedFiles, replacedFolders) = ([], [])
        for path in stale { look(at: path, table: table) }
    }

    private mutating func look(at path: RawPath, table: WatchTable) {
        // What is no file is told by its directory.
        guard FileKind(at: path) == .other else { return release(path, table: table) }
        do throws(WatchError) {
            let watch = try intake.inotify.add(path, mask: Self.mask, followsLink: false)
            // Events that are queued for a watch would be lost with it.
            guard watches[path] != watch else { return }
            release(path, table: table)
            watches[path] = watch
            paths[watch, default: []].insert(path)
        } catch {
            release(path, table: table)
            troubled[path] = WatchTrouble(error)
        }
    }

    private mutating func release(_ path: RawPath, table: WatchTable) {
        troubled[path] = nil
        guard let watch = watches.removeValue(forKey: path) else { return }
        paths[watch]?.remove(path)
        guard paths[watch]?.isEmpty == true else { return }
        paths[watch] = nil
        // A directory that took the file's place in that very moment has its own reason to be watched.
        if table.nodes(of: watch).isEmpty { intake.inotify.remove(watch) }
    }
}
