/// What the tests of this folder share: a folder with a context and a layout, and images as lines of text.

import Dockerfile
import Foundation
import OCI

@testable import Building

/// A context on the disk, and an assembler with a layout of its own; all of it goes with the value.
final class Workshop {
    let path: String
    let layout: ImageLayout
    let assembler: Assembler
    let cache: LayerCache
    let indexes: LayerIndexCache
    private(set) var images: [String: BuiltImage] = [:]
    /// Images from outside, by their references.
    var externals: [String: Descriptor] = [:]
    var encoding = LayerEncoding.stored
    /// Paths that the context leaves out.
    var ignored: Set<String> = []

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "building-tests-\(UUID().uuidString)")
        path = url.path
        for name in ["context", "layout"] {
            try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: true)
        }
        layout = try ImageLayout.open(at: path + "/layout")
        cache = .inMemory()
        indexes = try .inFolder(path + "/indexes")
        assembler = Assembler(layout: layout, cache: cache, indexes: indexes)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    // MARK: - The context

    func absolute(_ name: String) -> String { path + "/context/" + name }

    @discardableResult
    func file(_ name: String, _ content: String = "", mode: UInt16 = 0o644) throws -> String {
        try file(name, bytes: Array(content.utf8), mode: mode)
    }

    @discardableResult
    func file(_ name: String, bytes: [UInt8], mode: UInt16 = 0o644) throws -> String {
        let path = absolute(name)
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: path))
        chmod(path, mode_t(mode))
        return path
    }

    func folder(_ name: String, mode: UInt16 = 0o755) throws {
        try FileManager.default.createDirectory(atPath: absolute(name), withIntermediateDirectories: true)
        chmod(absolute(name), mode_t(mode))
    }

    func link(_ name: String, to target: String) throws {
        let folder = URL(filePath: absolute(name)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: absolute(name), withDestinationPath: target)
    }

    /// The files as they are now.
    func contextFiles() throws -> [ContextFile] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: path + "/context")
        return try names.filter { !ignored.contains($0) }.map { name in
            var status = stat()
            guard lstat(absolute(name), &status) == 0 else { throw CocoaError(.fileReadUnknown) }
            let mode = UInt16(status.st_mode & 0o7777)
            let kind: ContextFile.Kind
            switch status.st_mode & S_IFMT {
            case S_IFDIR: kind = .directory
            case S_IFLNK:
                kind = .symbolicLink(target: try FileManager.default.destinationOfSymbolicLink(atPath: absolute(name)))
            default:
                let content = try Data(contentsOf: URL(filePath: absolute(name)))
                kind = .file(size: content.count, digest: .sha256(of: content))
            }
            return ContextFile(path: name, kind: kind, mode: mode, absolutePath: absolute(name))
        }
    }

    func context() throws -> BuildContext {
        BuildContext(try contextFiles()) { [ignored] in ignored.contains($0) }
    }

    // MARK: - Builds

    func request(_ dockerfile: String, context: BuildContext? = nil) throws -> AssemblyRequest {
        let names = Dictionary(uniqueKeysWithValues: images.keys.map { ($0, $0) })
        let options = EvaluationOptions(projectImages: names)
        let evaluation = try Dockerfile.parse(dockerfile).evaluate(options)
        return AssemblyRequest(
            evaluation: evaluation,
            context: try context ?? self.context(),
            bases: images,
            externals: externals,
            encoding: encoding
        )
    }

    /// Builds, and gives the image a name by which other Dockerfiles can start from it.
    @discardableResult
    func build(_ dockerfile: String, as name: String? = nil) throws -> BuiltImage {
        let image = try assembler.assemble(request(dockerfile))
        if let name { images[name] = image }
        return image
    }

    /// The problem with which a Dockerfile fails; nil where it does not.
    func problem(_ dockerfile: String) throws -> BuildProblem? {
        do {
            try build(dockerfile)
            return nil
        } catch let problem as BuildProblem {
            return problem
        }
    }

    /// Makes a tar of a folder of the context, as a file of the context.
    func archive(_ name: String, of folder: String, _ options: String...) throws {
        let what = ["--sort=name", "-cf", absolute(name), "-C", absolute(folder), "."]
        try Program.run("tar", options + what)
    }

    /// An assembler that remembers nothing but what is on the disk.
    func restarted() -> Assembler { Assembler(layout: layout, cache: cache, indexes: indexes) }

    // MARK: - Images as text

    /// One line for each path: `mode owner:group path`, then `/` for a folder, the content, or the link.
    func listing(_ tree: FileTree, in other: ImageLayout? = nil) throws -> [String] {
        let layout = other ?? layout
        let reader = ContentReader(layout: layout, tars: OpenTars(scratch: layout.path))
        return try tree.descendants(of: .root).map { path, node in
            let mode = String(node.mode, radix: 8)
            let head = "\(mode) \(node.user):\(node.group) \(path.text)"
            switch node.kind {
            case .directory: return head + "/"
            case .symbolicLink(let target): return head + " -> " + target
            case .special(let kind): return head + " \(kind)"
            case .file(let content):
                let text = try reader.text(of: content, limit: 1 << 20)
                guard Digest.sha256(of: text.utf8) == content.digest else { return head + " #\(content.digest)" }
                return head + " = " + text
            }
        }
    }

    func listing(_ dockerfile: String) throws -> [String] { try listing(build(dockerfile).rootFS) }

    /// The paths of each layer's members, the lowest layer first; a folder's ends with `/`.
    func members(_ image: BuiltImage) throws -> [[String]] {
        try image.layers.map { layer in
            try TarSource(path: layout.blobPath(layer.digest)).members().map { member in
                member.entry.path + (member.entry.kind == .directory ? "/" : "")
            }
        }
    }
}

/// A program of the machine.
enum Program {
    static func path(_ name: String) -> String? {
        ["/usr/bin/", "/bin/", "/usr/local/bin/"].map { $0 + name }.first(where: FileManager.default.isExecutableFile)
    }

    /// Gives what the program writes; throws what it says when it fails.
    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> [UInt8] {
        guard let path = path(name) else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BuildProblem("program-failed", message, remedy: "") }
        return bytes
    }
}
