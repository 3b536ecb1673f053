/// `imgwatch check`, `graph` and `init`: commands that read the project, and run nothing.

import ArgumentParser
import Foundation
import Glibc
import Graph
import OCI
import Project
import Reporting

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read everything, build nothing, and report every mistake and race."
    )

    @Flag(help: "Write into the configuration what mends it, where that is known: missing needs.")
    var fix = false

    @OptionGroup var options: CommonOptions

    func run() async throws {
        if fix { try mend(options.configuration()) }
        let loaded = try options.load()
        let project = loaded.project
        if options.isJSON {
            Say.diagnostics(loaded.warnings, isJSON: true)
        } else {
            if !loaded.warnings.isEmpty { Say.diagnostics(loaded.warnings, isJSON: false) }
            Say.line("\(project.name): \(project.counts): no mistakes, no races")
        }
    }

    /// Puts the insertions of all mistakes into the file; what is left is reported as ever.
    private func mend(_ file: String) throws {
        do {
            _ = try options.load()
        } catch let problems as Diagnostics {
            let insertions = problems.all.flatMap(\.insertions)
            guard !insertions.isEmpty else { return }
            do {
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try Self.replace(file, by: Insertion.apply(insertions, to: text))
            } catch {
                throw SessionError(
                    reason: "\(file) can't be written: \(error.localizedDescription)",
                    remedy: "make it and its folder writable, or add the lines that `imgwatch check` shows"
                )
            }
            if !options.isJSON { Say.line("mended \(file): \(Formats.count(Set(insertions).count, "place"))") }
        }
    }

    /// At once, so that a loop that watches never reads half of it; the mode stays, and a link leads to the new text.
    private static func replace(_ file: String, by text: String) throws {
        let path = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] ?? 0o644
        let new = "\(path).\(getpid()).new"
        try Data().write(to: URL(fileURLWithPath: new), options: .withoutOverwriting)
        do {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: new)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: new))
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
            guard rename(new, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            try? FileManager.default.removeItem(atPath: new)
            throw error
        }
    }
}

struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Show the steps, images and deploys, and what each needs."
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, mermaid, dot }

    @Option(help: "How to show it: text, mermaid (a flowchart for Markdown), or dot (for Graphviz).")
    var format: Format = .text

    @OptionGroup var options: CommonOptions

    func validate() throws {
        guard format == .text || !options.isJSON else {
            throw ValidationError("--format \(format.rawValue) and --json exclude each other.")
        }
    }

    func run() async throws {
        let graph = try options.load().project.graph
        guard !options.isJSON else { return Say.json(graph.json) }
        switch format {
        case .text: Say.line(graph.text)
        case .mermaid: Say.line(graph.mermaid)
        case .dot: Say.line(graph.dot)
        }
    }
}

extension Graph {
    fileprivate var json: JSON {
        let nodes = nodes.map { node in
            JSON.object([
                .init("node", .text(node.id.name)), .init("kind", .text(node.kind.rawValue)),
                .init("level", .integer(level(of: node.id))), .init("needs", .texts(node.needs.map(\.name))),
            ])
        }
        return .object([.init("nodes", .array(nodes))])
    }
}

extension Project {
    /// What the project has, like `3 steps, 2 images`.
    var counts: String {
        let deploys = deploys.isEmpty ? [] : [Formats.count(deploys.count, "deploy")]
        return ([Formats.count(steps.count, "step"), Formats.count(images.count, "image")] + deploys)
            .joined(separator: ", ")
    }
}

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a commented .imgwatch from the Dockerfiles that are found here."
    )

    @Option(help: "Where to write it; without it .imgwatch in this folder.")
    var file: String?

    func run() async throws {
        let here = FileManager.default.currentDirectoryPath
        let path = file.map { $0.hasPrefix("/") ? $0 : here + "/" + $0 } ?? here + "/" + Loader.fileName
        guard !FileManager.default.fileExists(atPath: path) else {
            throw SessionError(
                reason: "\(path) is there already",
                remedy: "edit it, or move it away first; nothing was changed",
                exitCode: 2
            )
        }
        let root = (path as NSString).deletingLastPathComponent
        let draft = try Draft.make(in: root)
        do {
            try draft.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw SessionError(
                reason: "\(path) can't be written: \(error.localizedDescription)",
                remedy: "name another place with --file"
            )
        }
        Say.line("wrote \(path)")
        Say.line(
            draft.contains("\nimages:\n")
                ? "next: `imgwatch check` reads it and names what is missing; `imgwatch` builds, and watches"
                : "no Dockerfile was found: name an image or a step in it, and then let `imgwatch check` read it"
        )
    }
}
