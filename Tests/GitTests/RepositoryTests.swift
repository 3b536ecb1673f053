import Foundation
import Git
import Testing

@Suite(.enabled(if: TemporaryRepository.hasGit, "git is not installed")) struct RepositoryTests {
    @Test func `a folder outside a repository has none`() throws {
        let place = try TemporaryRepository(initialise: false)
        #expect(try Repository.discover(from: place.root) == nil)
        #expect(try Repository.discover(from: place.root + "/missing") == nil)
    }

    @Test func `a folder below the work tree finds it, and its folders have no links and no slash at the end`() throws {
        let place = try TemporaryRepository()
        try place.commit(["services/shop/app.py": "1"])
        let link = place.folder + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place.root)
        for start in [place.root, place.root + "/services/shop", link + "/services"] {
            let repository = try place.open(start)
            #expect(repository.workDirectory == place.root)
            #expect(repository.gitDirectory == place.root + "/.git")
            #expect(repository.commonDirectory == place.root + "/.git")
        }
    }

    @Test func `a branch without commits has no head, no files and no newest commit`() throws {
        let repository = try TemporaryRepository().open()
        #expect(try repository.head() == nil)
        #expect(try repository.headFiles(under: [""]).isEmpty)
        #expect(try repository.newestCommit(touching: [""], limit: 10) { _ in true } == nil)
    }

    @Test func `head follows commits, branches and detached checkouts`() throws {
        let place = try TemporaryRepository()
        let first = try place.commit(["a": "1"])
        let repository = try place.open()
        let head = try #require(try repository.head())
        #expect(head.id == first)
        #expect(head.abbreviated == String(first.prefix(9)))
        #expect("\(head.time)" == (try place.git("log", "-1", "--format=%ct")))
        let second = try place.commit(["a": "2"])
        #expect(try repository.head()?.id == second)
        try place.git("checkout", "-q", "--detach", first)
        #expect(try repository.head()?.id == first)
        try place.git("checkout", "-q", "main")
        try place.git("pack-refs", "--all")
        try place.git("gc", "-q")
        #expect(try repository.head()?.id == second)
        #expect(try repository.newestCommit(touching: ["a"], limit: 10) { _ in true }?.id == second)
    }

    @Test func `a linked work tree has its own head and the common branches`() throws {
        let place = try TemporaryRepository()
        let first = try place.commit(["a": "1"])
        try place.git("worktree", "add", "-q", "-b", "side", place.folder + "/linked")
        let second = try place.commit(["a": "2"])
        let linked = try place.open(place.folder + "/linked")
        #expect(try linked.head()?.id == first)
        #expect(try place.open().head()?.id == second)
        #expect(linked.workDirectory == place.folder + "/linked")
        #expect(linked.gitDirectory == place.root + "/.git/worktrees/linked")
        #expect(linked.commonDirectory == place.root + "/.git")
        #expect(linked.watchPaths.contains(linked.gitDirectory))
        #expect(linked.watchPaths.contains(place.root + "/.git/refs/heads"))
    }

    @Test func `a work tree of a bare repository opens`() throws {
        let place = try TemporaryRepository()
        let first = try place.commit(["a": "1"])
        try place.git("clone", "-q", "--bare", ".", place.folder + "/bare.git")
        try place.git("worktree", "add", "-q", place.folder + "/tree", "main", in: place.folder + "/bare.git")
        #expect(try place.open(place.folder + "/tree").head()?.id == first)
    }

    @Test func `a bare repository is an error that names the way out`() throws {
        let place = try TemporaryRepository()
        try place.git("init", "-q", "--bare", place.folder + "/bare.git")
        let error = #expect(throws: GitError.self) { try place.open(place.folder + "/bare.git") }
        #expect(error?.reason == "the git repository \(place.folder)/bare.git has no work tree")
        #expect(error?.remedy.contains("git worktree add") == true)
    }

    @Test func `a repository with SHA-256 names is an error that says so`() throws {
        let place = try TemporaryRepository(format: "sha256")
        let error = #expect(throws: GitError.self) { try place.open() }
        #expect(error?.reason.contains("\(place.root) names its objects by SHA-256") == true)
    }

    @Test func `a .git file that leads nowhere is no repository`() throws {
        let place = try TemporaryRepository(initialise: false)
        try place.write("gitdir: /nowhere/at/all\n", to: ".git")
        #expect(try Repository.discover(from: place.root) == nil)
    }

    @Test func `an unknown extension is an error that names it`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "core.repositoryformatversion", "1")
        try place.git("config", "extensions.fromthefuture", "true")
        let error = #expect(throws: GitError.self) { try place.open() }
        #expect(error?.reason.contains("extensions.fromthefuture") == true)
        #expect(error?.remedy == "`git -C \(place.root) status` says whether git itself can")
    }

    @Test(arguments: Shape.allCases) func `every shape of repository is read as git reads it`(shape: Shape) throws {
        let place = try TemporaryRepository()
        let tree = try shape.make(in: place)
        let repository = try place.open(tree)
        #expect(repository.workDirectory == tree)
        let found = try repository.newestCommit(touching: ["kept"], limit: 10) { _ in true }?.id
        #expect(try repository.head()?.id == place.git("rev-parse", "HEAD", in: tree))
        let listed = try place.git("ls-tree", "-r", "HEAD", in: tree).split(separator: "\n").map { line in
            line.split(separator: "\t")[1] + " " + line.split(separator: " ")[2].prefix(40)
        }
        let files = try repository.headFiles(under: [""])
        #expect(files.map { "\($0.key.text) \($0.value.id)" }.sorted() == listed.sorted())
        let newest = try place.git("log", "-1", "--format=%H", "--", "kept", in: tree)
        #expect(found == (shape.lacksHistory ? nil : newest))
        #expect(try place.stored("kept/a", repository) == files["kept/a"]?.id)
    }

    @Test(arguments: Shape.allCases) func `every shape of repository is watched where git works`(shape: Shape) throws {
        let place = try TemporaryRepository()
        let tree = try shape.make(in: place)
        let repository = try place.open(tree)
        #expect(!repository.activity().isBusy)
        for name in ["index.lock", "HEAD.lock"] {
            let path = try place.git("rev-parse", "--path-format=absolute", "--git-path", name, in: tree)
            #expect(repository.watchPaths.contains((path as NSString).deletingLastPathComponent))
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            #expect(repository.activity().locks.map(\.name) == [name])
            try FileManager.default.removeItem(atPath: path)
        }
        if shape == .detached { return }
        let branch = try place.git("symbolic-ref", "HEAD", in: tree)
        let path = try place.git("rev-parse", "--path-format=absolute", "--git-path", branch, in: tree)
        #expect(repository.watchPaths.contains((path as NSString).deletingLastPathComponent))
    }

    @Test func `an attributes file in a clone without trees is no reason to give up`() throws {
        let place = try TemporaryRepository()
        try place.git("config", "uploadpack.allowFilter", "true")
        try place.commit([".gitattributes": "* text\n", "kept/a": "1\n", "left/b": "2\n"])
        let clone = place.folder + "/partial"
        let source = "file://" + place.root
        try place.git("clone", "-q", "--filter=tree:0", "--no-checkout", source, clone)
        // One file is written without asking for a tree.
        try FileManager.default.createDirectory(atPath: clone + "/kept", withIntermediateDirectories: true)
        try "1\r\n".write(toFile: clone + "/kept/a", atomically: false, encoding: .utf8)
        try "* text\n".write(toFile: clone + "/.gitattributes", atomically: false, encoding: .utf8)
        #expect(try place.stored("kept/a", place.open(clone)) == (try place.git("rev-parse", "HEAD:kept/a")))
    }

    @Test func `relative work trees are no reason to refuse a repository`() throws {
        let place = try TemporaryRepository()
        let commit = try place.commit(["a": "1"])
        try place.git("config", "core.repositoryFormatVersion", "1")
        // Older versions of git refuse what comes with this.
        try place.git("config", "extensions.relativeWorktrees", "true")
        #expect(try place.open().head()?.id == commit)
    }

    @Test func `GIT_DIR and its like decide nothing`() async throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        try place.git("init", "-q", place.folder + "/other")
        let elsewhere = place.folder + "/other"
        await #expect(processExitsWith: .success) { [root = place.root as String, other = elsewhere as String] in
            for name in ["GIT_DIR", "GIT_COMMON_DIR"] { setenv(name, other + "/.git", 1) }
            setenv("GIT_WORK_TREE", other, 1)
            setenv("GIT_INDEX_FILE", other + "/index", 1)
            let repository = try Repository.discover(from: root)
            #expect(repository?.gitDirectory == root + "/.git")
            #expect(try repository?.head() != nil)
        }
    }

    @Test(arguments: ["junk\n", ""]) func `a HEAD that can't be read is an error that names it`(text: String) throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        let repository = try place.open()
        try place.write(text, to: ".git/HEAD")
        let error = #expect(throws: GitError.self) { try repository.head() }
        #expect(error?.reason.hasPrefix("reading HEAD: ") == true)
        #expect(repository.watchPaths.contains(place.root + "/.git"))
        #expect(!repository.activity().isBusy)
    }

    @Test func `a configuration that can't be read is an error that names it`() throws {
        let place = try TemporaryRepository()
        try place.write("[core\n", to: ".git/config")
        let error = #expect(throws: GitError.self) { try place.open() }
        #expect(error?.reason.contains(place.root + "/.git/config") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to give a repository to another user"))
    func `a repository of another user is an error whose remedy helps`() async throws {
        let place = try TemporaryRepository()
        try place.commit(["a": "1"])
        for path in [place.root, place.root + "/.git"] { #expect(chown(path, 12_345, 12_345) == 0) }
        let error = #expect(throws: GitError.self) { try place.open() }
        #expect(error?.reason.hasPrefix("the git repository \(place.root) belongs to another user") == true)
        let command = "git config --global --add safe.directory \(place.root)"
        #expect(error?.remedy == "trust it with `\(command)`")
        // libgit2 reads where the user's configuration is when it starts, so the remedy is tried in another process.
        _ = try place.git(Array(command.split(separator: " ").map(String.init).dropFirst()), in: place.root)
        await #expect(processExitsWith: .success) { [home = place.folder as String, root = place.root as String] in
            setenv("HOME", home, 1)
            let repository = try Repository.discover(from: root)
            #expect(try repository?.head() != nil)
        }
    }
}
