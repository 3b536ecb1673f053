/// Does to a project's tree what editors, build tools, git and careless people do, on few names, so that deeds collide.

import Foundation
import Glibc
import Rigs
import Watching

struct TreeVandal {
    enum Deed: CaseIterable {
        case write, append, truncate, rewriteInPlace, rewriteKeepingTimes, writeThroughMap, openFile, writeOpen,
            closeOpen
        case makeFolders, unlink, removeAll, rename, exchange, moveAndEdit, chain, moveOut, moveIn, chainOut
        case linkFile, linkOut, linkIn, writeOut, mapOut, link, linkAway, setMode, touch, copy, burst, flood, ignore
        case commit, checkout, stash, unstash, rebase, merge, reset, gitRules, nest, replaceRoot

        /// By itself seldom, since each takes as long as hundreds of others.
        static let slow: Set<Deed> = [
            .commit, .checkout, .stash, .unstash, .rebase, .merge, .reset, .nest, .replaceRoot, .flood,
        ]
        /// Two at a time must not map (who writes to a map beyond the end of what another truncated is killed).
        static let alone: Set<Deed> = [.writeThroughMap, .mapOut, .gitRules]
    }

    static let hasGit = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        .contains { access($0 + "/git", X_OK) == 0 }
    /// How many events fill the kernel's queue; nil where that takes too long.
    private static let queueLength =
        (try? String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8))
        .flatMap { Int($0.dropLast()) }.flatMap { $0 <= 1 << 16 ? $0 : nil }

    /// Absolute; what is done outside is done in `outside`.
    let root: String
    let outside: String
    let ignoreFiles: [String]
    let deeds: [Deed]
    var dice: SplitMix
    /// How many operations on files were tried.
    private(set) var operations = 0
    private(set) var history: [String] = []
    /// Whether `git status` may say less than is so: it does not look into repositories in the repository, nor again at
    /// files of which only the attributes changed.
    private(set) var hasHiddenFromGit = false
    private var open: [Int32] = []

    init(root: String, outside: String, ignoreFiles: [String], dice: SplitMix, leavingOut: Set<Deed> = []) {
        (self.root, self.outside, self.ignoreFiles, self.dice) = (root, outside, ignoreFiles, dice)
        deeds = Deed.allCases.filter { deed in
            !leavingOut.contains(deed) && (deed == .flood || Self.hasGit || !Deed.slow.contains(deed))
        }
    }

    // MARK: Names

    private mutating func path(depth: Int = 4) -> String {
        // Nobody asks for the root itself.
        let names = (0...dice.next(below: depth)).map { _ in dice.any(["a", "b", "c", "d"]) }
        return ([root] + names).joined(separator: "/")
    }

    private mutating func outPath() -> String {
        let name = dice.any(["a", "b", "c"])
        history.append("  out/" + name)
        return outside + "/" + name
    }

    private mutating func text() -> String {
        String(repeating: dice.any(["x", "y", "z", "\n"]), count: dice.next(below: 12))
    }

    // MARK: Deeds

    /// One deed; it may fail, as there may be nothing to be done there.
    mutating func act() {
        var deed = dice.any(deeds)
        if Deed.slow.contains(deed), !dice.one(in: deed == .flood ? 12 : 8) { deed = .rename }
        let (first, second) = (path(), path())
        history.append("\(deed) \(first.dropFirst(root.count)) \(second.dropFirst(root.count))")
        if history.count > 400 { history.removeFirst(200) }
        operations += 1
        switch deed {
        case .commit, .checkout, .stash, .unstash, .rebase, .merge, .reset: runGit(deed)
        case .gitRules: setGitRules(first)
        case .nest: nest(first)
        case .replaceRoot: replaceRoot()
        case .write, .append, .truncate, .rewriteInPlace, .rewriteKeepingTimes, .writeThroughMap, .openFile, .writeOpen,
            .closeOpen, .ignore, .burst, .flood:
            change(deed, first)
        case .linkFile, .linkOut, .linkIn, .writeOut, .mapOut, .link, .linkAway: give(deed, first, second)
        default: move(deed, first, second)
        }
    }

    private mutating func change(_ deed: Deed, _ path: String) {
        switch deed {
        case .write: write(text(), to: path, O_TRUNC)
        case .append: write(text(), to: path, O_APPEND)
        case .truncate: Glibc.truncate(path, dice.next(below: 9))
        case .rewriteInPlace: rewrite(path)
        case .rewriteKeepingTimes:
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
            rewrite(path)
            utimensat(AT_FDCWD, path, [status.st_atim, status.st_mtim], AT_SYMLINK_NOFOLLOW)
        case .writeThroughMap: writeThroughMap(path)
        case .openFile:
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
            if descriptor >= 0 { open.append(descriptor) }
            if open.count > 3 { close(open.removeFirst()) }
        case .writeOpen:
            if let descriptor = open.last(where: Self.isNamed) { write(text(), to: descriptor) }
        case .closeOpen: if !open.isEmpty { close(open.removeLast()) }
        case .ignore:
            let name = dice.any(ignoreFiles)
            if dice.one(in: 4) {
                unlink(root + "/" + name)
            } else {
                write(RandomProject.rules(&dice), to: root + "/" + name, O_TRUNC)
            }
        case .burst: burst(path)
        case .flood: flood(path)
        default: break
        }
    }

    /// What is written through it is told of the name by which it was opened: where that is gone, of nothing.
    private static func isNamed(_ file: Int32) -> Bool {
        !((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(file)")) ?? "").hasSuffix(")")
    }

    private mutating func give(_ deed: Deed, _ first: String, _ second: String) {
        switch deed {
        // That a file got another name is told to nobody but who watches that very file.
        case .linkFile: if Glibc.link(first, second) == 0 { utimes(first, nil) }
        case .linkOut: if Glibc.link(first, outPath()) == 0 { utimes(first, nil) }
        case .linkIn: Glibc.link(outPath(), first)
        case .writeOut: write(text(), to: outPath(), dice.any([O_APPEND, O_TRUNC]))
        case .mapOut: writeThroughMap(outPath())
        // A link leads to a name below its folder, or below the folder above: deeds follow links, and must not stray.
        case .link: symlink(dice.any(["a", "b", "b/c", "d/a", "../b", "../c/a"]), first)
        case .linkAway:
            // A link in the place of what is elsewhere now.
            if Glibc.rename(first, second) == 0 { symlink(dice.one(in: 2) ? second : "../" + last(second), first) }
        default: break
        }
    }

    private mutating func move(_ deed: Deed, _ first: String, _ second: String) {
        switch deed {
        case .makeFolders: makeFolders(first + dice.any(["", "/a", "/a/b"]))
        case .unlink: Glibc.unlink(first)
        case .removeAll: removeAll(first)
        case .rename: Glibc.rename(first, second)
        case .exchange: exchange(first, second)
        case .moveAndEdit:
            Glibc.rename(first, second)
            write(text(), to: second + "/a", O_APPEND)
            mkdir(second + "/b", 0o755)
            write(text(), to: second + "/b/c", O_TRUNC)
            Glibc.rename(second + "/d", second + "/b/d")
        case .chain, .chainOut:
            var last = first
            for next in [second, path(), deed == .chain ? path() : outPath(), path()] {
                if Glibc.rename(last, next) == 0 { last = next }
            }
        case .moveOut: Glibc.rename(first, outPath())
        case .moveIn: Glibc.rename(outPath(), first)
        case .setMode: chmod(first, dice.any([0o755, 0o700, 0o644, 0o777]))
        case .touch: utimes(first, nil)
        case .copy:
            var room = 60
            copy(first, second, &room)
        default: break
        }
    }

    private func last(_ path: String) -> String { (path as NSString).lastPathComponent }

    private mutating func burst(_ path: String) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { return }
        let count = dice.one(in: 6) ? 1 + dice.next(below: 200) : 1 + dice.next(below: 20)
        for index in 0..<count { write(text(), to: "\(path)/f\(index)", O_TRUNC) }
        operations += count
    }

    /// Fills the kernel's queue, perhaps not quite: what is done next is lost, or the last that is not.
    private mutating func flood(_ path: String) {
        guard let length = Self.queueLength else { return }
        let files = [root + "/flood-a", root + "/flood-b"]
        for file in files { write("", to: file, O_APPEND) }
        for index in 0..<(length - dice.any([0, 0, 8, 30])) { chmod(files[index % 2], 0o644) }
    }

    // MARK: Files

    private func write(_ text: String, to path: String, _ flag: Int32) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flag, 0o644)
        guard descriptor >= 0 else { return }
        write(text, to: descriptor)
        close(descriptor)
    }

    private func write(_ text: String, to descriptor: Int32) { _ = Glibc.write(descriptor, text, text.utf8.count) }

    /// Other bytes, the same size.
    private mutating func rewrite(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < 100 else { return }
        let descriptor = Glibc.open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        write(String(repeating: dice.any(["p", "q", "r"]), count: Int(status.st_size)), to: descriptor)
        close(descriptor)
    }

    /// Opens the file, maps it, closes it, and only then writes through the map.
    private mutating func writeThroughMap(_ path: String) {
        let descriptor = Glibc.open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        var status = stat()
        let isEmpty = fstat(descriptor, &status) != 0 || status.st_size == 0
        let map = isEmpty ? nil : mmap(nil, 1, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        close(descriptor)
        guard let map, map != MAP_FAILED else { return }
        map.storeBytes(of: UInt8(truncatingIfNeeded: dice.next()), as: UInt8.self)
        munmap(map, 1)
    }

    private func makeFolders(_ path: String) {
        for end in path.indices.dropFirst(root.utf8.count + 1) where path[end] == "/" {
            mkdir(String(path[..<end]), 0o755)
        }
        mkdir(path, 0o755)
    }

    private func removeAll(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Names are listed before the copy is begun: a folder may be copied into itself.
    private func copy(_ source: String, _ target: String, _ room: inout Int) {
        var status = stat()
        guard room > 0, lstat(source, &status) == 0 else { return }
        room -= 1
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            let names = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
            mkdir(target, 0o755)
            for name in names.sorted() { copy(source + "/" + name, target + "/" + name, &room) }
        case S_IFLNK:
            if let end = try? FileManager.default.destinationOfSymbolicLink(atPath: source) { symlink(end, target) }
        default:
            guard let text = try? String(contentsOfFile: source, encoding: .utf8) else { return }
            write(text, to: target, O_TRUNC)
        }
    }

    private typealias Rename =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

    /// Swaps two paths in one step.
    private func exchange(_ first: String, _ second: String) {
        // renameat2 has this signature in every libc for Linux.
        let rename = dlsym(nil, "renameat2").map { unsafeBitCast($0, to: Rename.self) }
        let exchangeFlag: UInt32 = 2
        _ = rename?(AT_FDCWD, first, AT_FDCWD, second, exchangeFlag)
    }

    // MARK: Git

    private mutating func runGit(_ deed: Deed) {
        let branch = dice.any(["one", "two"])
        let script =
            switch deed {
            case .commit: dice.one(in: 2) ? "git add -A; git commit -qm c" : "git commit -qam c"
            case .checkout: dice.one(in: 2) ? "git checkout -q \(branch)" : "git checkout -qf \(branch)"
            case .stash: dice.one(in: 2) ? "git stash -qu" : "git stash -q"
            case .unstash: "git stash pop -q || { git reset -q --hard; git stash drop -q; }"
            case .rebase:
                "git stash -qu; git rebase -q \(branch) || git rebase --abort || git rebase --quit; git stash pop -q"
            case .merge:
                "git commit -qam c; git merge -q --no-edit \(branch) || { git add -A; git commit -qm m; }"
            default: dice.one(in: 2) ? "git reset -q --hard" : "git clean -fdq"
            }
        history.append("  " + script)
        _ = try? Self.run(script, in: root)
    }

    /// Writes what git is to ignore or to convert, at the top or in a folder.
    private mutating func setGitRules(_ folder: String) {
        let rules = dice.one(in: 2) ? Self.conversions : Self.gitIgnored
        let name = rules == Self.conversions ? "/.gitattributes" : "/.gitignore"
        if rules == Self.conversions { hasHiddenFromGit = true }
        let path = (dice.one(in: 2) ? root : folder) + name
        history.append("  " + path.dropFirst(root.count))
        if dice.one(in: 3) {
            Glibc.unlink(path)
        } else {
            write(dice.some(rules, upTo: 3).map { $0 + "\n" }.joined(), to: path, O_TRUNC)
        }
    }

    private static let conversions = ["* text=auto", "a text eol=crlf", "* -text", "b/** text", "c ident", "d binary"]
    private static let gitIgnored = ["a", "b/", "/c", "f*", "!a", "d/*", "*/c"]

    /// Makes a repository of a folder, or of a new one.
    private mutating func nest(_ folder: String) {
        hasHiddenFromGit = true
        mkdir(folder, 0o755)
        let script = dice.one(in: 2) ? "git init -q; git add -A; git commit -qm c" : "rm -rf .git"
        history.append("  " + script)
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        _ = try? Self.run(script, in: folder)
    }

    /// Puts a copy of the whole project in its place, or takes it away and back.
    private mutating func replaceRoot() {
        let away = outside + "/root"
        guard Glibc.rename(root, away) == 0 else { return }
        if dice.one(in: 2), (try? Self.run("cp -a root \"$ROOT\"", in: outside, ["ROOT": root])) != nil {
            removeAll(away)
        } else {
            removeAll(root)
            Glibc.rename(away, root)
        }
    }

    struct ScriptFailed: Error { var script: String }

    /// With no configuration but this; its output is not wanted.
    @discardableResult
    static func run(_ script: String, in folder: String, _ variables: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": "/nonexistent",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "LC_ALL": "C", "GIT_EDITOR": "true",
        ].merging(variables) { $1 }
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ScriptFailed(script: script) }
        return String(decoding: text, as: UTF8.self)
    }

    mutating func note(_ line: String) { history.append(line) }

    mutating func note(_ batch: ChangeBatch, below root: String) {
        let told = batch.changes.prefix(40).map { change in
            (change.isRemoval ? "-" : "") + change.path.dropFirst(root.count) + (change.isRecursive ? "/**" : "")
        }
        if !told.isEmpty || batch.mustRescan {
            history.append("  told \(batch.mustRescan ? "rescan " : "")" + told.joined(separator: " "))
        }
    }

    /// One that acts beside this one.
    func companion(seed: UInt64) -> TreeVandal {
        TreeVandal(
            root: root,
            outside: outside,
            ignoreFiles: ignoreFiles,
            dice: SplitMix(seed: seed),
            leavingOut: Deed.alone.union(Deed.slow)
        )
    }

    /// Ends what it holds open.
    mutating func closeAll() {
        for descriptor in open { close(descriptor) }
        open = []
    }

    /// Makes the folders anew that are not there.
    mutating func restore(_ folders: [String]) {
        history.append("restore")
        for folder in folders {
            var path = root
            for name in folder.split(separator: "/") {
                path += "/" + name
                var status = stat()
                if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR { removeAll(path) }
                mkdir(path, 0o755)
            }
        }
    }

    /// Where there is too much, it takes long.
    mutating func clear() {
        let name = dice.any(["a", "b", "c", "d"])
        history.append("clear /" + name)
        removeAll(root + "/" + name)
        if dice.one(in: 3) { for name in ["a", "b", "c"] { removeAll(outside + "/" + name) } }
    }
}
