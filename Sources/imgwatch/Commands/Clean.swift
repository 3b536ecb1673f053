/// `imgwatch gc`: what nobody needs goes from the store.

import ArgumentParser
import Foundation
import OCI
import Project
import Reporting
import State

struct Clean: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove from this project's store what nothing needs any more.",
        discussion: """
            What is published now stays, with the bases that it is built on, and so do the newest few images and heads \
            of each image. It is done by itself where the store takes more than `store-limit`, at a start, and by a \
            loop that has nothing else to do.
            """
    )

    @Option(help: "How many images and heads of each image are kept besides those in use.")
    var keep = StoreCleaning.usuallyKept

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if keep < 0 { throw ValidationError("--keep is a number of images, 0 or more.") }
    }

    func run() throws {
        let loaded = try options.load()
        let environment = ProcessInfo.processInfo.environment
        let folders = StateFolders.forProject(root: loaded.project.root, environment: environment)
        try folders.create()
        let lock = try Self.lock(folders, of: loaded.project)
        let layout = try ImageLayout.open(at: folders.store)
        let state = try StateStore.open(folders)
        guard let done = try StoreCleaning(layout, folders, loaded.project, state).clean(keeping: keep) else {
            throw SessionError(
                reason: "somebody works in this project's store: `imgwatch plan` or `imgwatch verify`",
                remedy: "clean it when that has ended"
            )
        }
        withExtendedLifetime(lock) {}
        tell(done, layout)
    }

    /// Nobody must write to the store meanwhile.
    private static func lock(_ folders: StateFolders, of project: Project) throws -> ProjectLock {
        do {
            return try ProjectLock.acquire(folders)
        } catch StateError.held(let pid) {
            throw SessionError(
                reason: "imgwatch works in \(project.root), as process \(pid), and may need what is there",
                remedy: "`imgwatch stop` ends it"
            )
        }
    }

    private func tell(_ done: LayoutCollection, _ layout: ImageLayout) {
        guard !options.isJSON else {
            return Say.json(
                .object([
                    .init("names", .integer(done.names)), .init("blobs", .integer(done.blobs)),
                    .init("bytes", .integer(done.bytes)), .init("left", .integer(layout.size)),
                ])
            )
        }
        let gone = "\(Formats.count(done.names, "name")) and \(Formats.count(done.blobs, "blob"))"
        let left = Formats.size(bytes: layout.size)
        Say.line("\(gone) removed, \(Formats.size(bytes: done.bytes)); the store takes \(left) now")
    }
}
