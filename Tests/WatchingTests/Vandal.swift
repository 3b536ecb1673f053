/// Does what it likes to a tree of few names, so that its deeds collide.

import Foundation
import Glibc
import Rigs

struct Vandal {
    enum Deed: CaseIterable {
        case makeFolder, makeFolders, write, append, writeThroughMap, unlink, removeFolder, removeAll, rename, exchange
        case link, setMode, touch, moveOut, moveIn, copy, truncate, moveAndEdit, chain
        case writeOut, mapOut

        /// Two vandals must not map: who writes to a map beyond the end of what another truncated is killed.
        static let unmapped = allCases.filter { $0 != .writeThroughMap && $0 != .mapOut }
    }

    let folder: String
    private let deeds: [Deed]
    var random: SplitMix
    private(set) var history: [String] = []

    /// The folder holds `tree`, which is watched, and `out`, which is not.
    init(folder: String, seed: UInt64, deeds: [Deed] = Deed.allCases) {
        (self.folder, self.deeds) = (folder, deeds)
        random = SplitMix(seed: seed)
    }

    private mutating func path(in area: String = "tree", depth: Int = 4) -> String {
        let names = (0..<Int.random(in: 1...depth, using: &random)).map { _ in
            ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
        }
        return ([folder, area] + names).joined(separator: "/")
    }

    /// One deed; it may fail, as there may be nothing to be done there.
    ///
    /// A link leads to a name beside it or below: deeds follow links, and must not leave the folder.
    mutating func act() {
        guard let deed = deeds.randomElement(using: &random) else { return }
        let (first, second) = (path(), path())
        history.append("\(deed) \(first.dropFirst(folder.count)) \(second.dropFirst(folder.count))")
        switch deed {
        case .makeFolder: mkdir(first, 0o755)
        case .makeFolders: makeFolders(first + "/a/b")
        case .write: write(to: first, O_TRUNC)
        case .append: write(to: first, O_APPEND)
        case .writeThroughMap: SystemCall.writeThroughMap(first, UInt8.random(in: 1...255, using: &random))
        case .unlink: Glibc.unlink(first)
        case .removeFolder: rmdir(first)
        case .removeAll: try? FileManager.default.removeItem(atPath: first)
        case .rename: Glibc.rename(first, second)
        case .exchange: SystemCall.exchange(first, second)
        case .link: symlink(["a", "b", "b/c", "d/a"].randomElement(using: &random) ?? "a", first)
        case .setMode: chmod(first, [0o755, 0o700, 0o777].randomElement(using: &random) ?? 0o755)
        case .touch: utimes(first, nil)
        case .moveOut: Glibc.rename(first, path(in: "out", depth: 1))
        case .moveIn: Glibc.rename(path(in: "out", depth: 1), first)
        case .copy: copyFile(from: first, to: second)
        case .truncate: Glibc.truncate(first, Int.random(in: 0...9, using: &random))
        case .moveAndEdit: moveAndEdit(first, second)
        case .chain: chain(first, second)
        case .writeOut: write(to: path(in: "out", depth: 1), O_APPEND)
        case .mapOut: SystemCall.writeThroughMap(path(in: "out", depth: 1), UInt8.random(in: 1...255, using: &random))
        }
    }

    /// What is done below the new path at once is an event of watches that were set for the old one.
    private mutating func moveAndEdit(_ first: String, _ second: String) {
        Glibc.rename(first, second)
        write(to: second + "/a", O_APPEND)
        mkdir(second + "/b", 0o755)
        write(to: second + "/b/c", O_TRUNC)
        Glibc.rename(second + "/d", second + "/b/d")
    }

    private mutating func chain(_ first: String, _ second: String) {
        var last = first
        for next in [second, path(), path(in: "out", depth: 1), path(), path()] {
            if Glibc.rename(last, next) == 0 { last = next }
        }
    }

    /// Gives a file of the tree another name, there or outside.
    mutating func linkFile() {
        let (first, second) = (path(), Bool.random(using: &random) ? path() : path(in: "out", depth: 1))
        history.append("linkFile \(first.dropFirst(folder.count)) \(second.dropFirst(folder.count))")
        Glibc.link(first, second)
    }

    private func makeFolders(_ path: String) {
        for end in path.indices where path[end] == "/" { mkdir(String(path[..<end]), 0o755) }
        mkdir(path, 0o755)
    }

    /// Only a file: copies of copies would let the tree grow without end.
    private func copyFile(from source: String, to target: String) {
        guard let content = FileManager.default.contents(atPath: source) else { return }
        _ = FileManager.default.createFile(atPath: target, contents: content)
    }

    private mutating func write(to path: String, _ flag: Int32) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flag, 0o644)
        guard descriptor >= 0 else { return }
        let text = String(repeating: "x", count: Int.random(in: 0...20, using: &random))
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
    }
}
