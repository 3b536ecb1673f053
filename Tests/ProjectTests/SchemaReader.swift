/// The second reader of configurations: docs/imgwatch.schema.json, as python's `jsonschema` judges by it.

import Foundation

@testable import Project

enum SchemaReader {
    static let schema = Repository.root + "/docs/imgwatch.schema.json"
    static let table = Repository.root + "/Tests/Golden/Schema"

    /// A python that has what is needed: Debian's, where another one comes first.
    static let python = ["python3", "/usr/bin/python3"].first { candidate in
        run([candidate, "-c", "import jsonschema, yaml"], input: "")?.status == 0
    }

    /// Why the schema refuses each of these files: nothing where it does not.
    ///
    /// One process for all of them.
    static func judge(_ paths: [String]) throws -> [String: [String]] {
        struct Judgement: Decodable {
            var file: String
            var errors: [String]?
            var unread: String?
        }
        guard let python else { return [:] }
        let words = [python, "-B", table + "/read.py", schema]
        let ended = run(words, input: paths.map { $0 + "\n" }.joined())
        let lines = (ended?.output ?? "").split(separator: "\n")
        let judgements = try lines.map { try JSONDecoder().decode(Judgement.self, from: Data($0.utf8)) }
        return Dictionary(judgements.map { ($0.file, $0.errors ?? [$0.unread ?? ""]) }) { $1 }
    }

    private static func run(_ words: [String], input: String) -> (status: Int32, output: String)? {
        let process = Process()
        let (stdin, stdout) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        (process.standardInput, process.standardOutput) = (stdin, stdout)
        guard (try? process.run()) != nil else { return nil }
        // The paths fit into a pipe many times over.
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

/// One configuration of the table, and what both readers say of it.
struct SchemaCase: Sendable, CustomStringConvertible {
    enum Origin: Sendable {
        /// A file that both must accept.
        case good
        /// A file that the loader must refuse.
        case bad
        /// A configuration in a document, whose files are not there.
        case document
    }

    var name: String
    var path: String
    var origin: Origin
    /// Why the schema can't refuse it.
    var reason: String?
    var loader: [Diagnostic] = []
    var schema: [String] = []
    var description: String { name }
}
