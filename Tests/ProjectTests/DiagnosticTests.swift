import Foundation
import Testing

@testable import Dockerfile
@testable import Project

/// Broken configurations in `Tests/Golden/ProjectTests`, each a folder with the exact text of its diagnostics.
@Suite struct DiagnosticTests {
    private static let folder = Repository.root + "/Tests/Golden/ProjectTests"
    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    /// Nothing of the machine: the texts must be the same everywhere.
    private static let environment = ["HOME": "/home/me"]

    static func diagnostics(of name: String) -> Diagnostics {
        do {
            return Diagnostics(
                try Loader.load(file: "\(folder)/\(name)/.imgwatch", environment: environment, bases: [:]).warnings
            )
        } catch {
            return error
        }
    }

    @Test(arguments: names)
    func `a broken configuration is told in these words`(name: String) throws {
        let expected = try String(contentsOfFile: "\(Self.folder)/\(name)/expected.txt", encoding: .utf8)
        #expect(Self.diagnostics(of: name).text + "\n" == expected)
    }

    @Test(arguments: names)
    func `diagnostics have places, in order`(name: String) {
        let all = Self.diagnostics(of: name).all
        #expect(!all.isEmpty)
        let places = all.map(\.place).filter { $0.file == ".imgwatch" }.map { ($0.line ?? 0, $0.column ?? 0) }
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 })
        for problem in all {
            #expect(!problem.place.file.hasPrefix("/"), "\(problem.text)")
            #expect(problem.place.line != nil || ["config-empty"].contains(problem.id), "\(problem.text)")
        }
    }

    @Test func `every rule that a configuration can break has a golden text`() {
        let told = Set(Self.names.flatMap { Self.diagnostics(of: $0).all.map(\.id) })
        let elsewhere: Set<Rule> = [.missing, .unreadable, .size]
        #expect(Rule.allCases.filter { !told.contains($0.id) && !elsewhere.contains($0) } == [])
    }

    // MARK: docs/diagnostics.md

    /// The page's sections by their titles, without those of what goes wrong while it runs; and the titles of those.
    private static func sections() throws -> (ids: [String: String], running: [String]) {
        let text = try String(contentsOfFile: Repository.root + "/docs/diagnostics.md", encoding: .utf8)
        let parts = text.split(separator: "\n## While it runs\n", maxSplits: 1)
        let title = #/(?m)^### `(?<title>[^`\n]+)`\n(?<body>(?s:.*?))(?=^##|\z)/#
        let found = try #require(parts.first).matches(of: title).map { match in
            (String(match.output.title), String(match.output.body))
        }
        let running = try #require(parts.last).matches(of: title).map { String($0.output.title) }
        return (Dictionary(found, uniquingKeysWith: { $0 + $1 }), running)
    }

    @Test func `every id has its section, and every section is about an id`() throws {
        let told = Self.names.flatMap { Self.diagnostics(of: $0).all.map(\.id) }
        let ids = Set(Rule.allCases.map(\.id) + LintRule.told.map(\.id) + told + (try Self.dockerfileIDs()))
        let sections = try Self.sections().ids
        #expect(ids.subtracting(sections.keys) == [])
        #expect(Set(sections.keys).subtracting(ids) == [])
        for (id, body) in sections {
            let isShort = body.count < 1000
            #expect(isShort && (body.contains("`") || body.contains("Begin with")), "\(id): what does it look like?")
        }
    }

    @Test func `what the page says of a run is said by the program`() throws {
        let folder = Repository.root + "/Sources"
        let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        let sources = files.filter { $0.hasSuffix(".swift") }.compactMap {
            try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
        }.joined()
        let titles = try Self.sections().running
        #expect(titles.count > 15)
        for title in titles {
            let pieces = title.split(separator: "…").flatMap { $0.split(separator: #/[A-Z:]{2,}|\d+/#) }
            for piece in pieces.map({ $0.trimmingCharacters(in: .whitespaces) }) where piece.count > 3 {
                #expect(sources.contains(piece), "\(title): \(piece)")
            }
        }
    }

    @Test func `there are golden texts enough`() {
        let all = Self.names.flatMap { Self.diagnostics(of: $0).all }
        #expect(all.count >= 100 && Set(all.map(\.id)).count >= 35)
    }

    /// The ids that the sources of the module `Dockerfile` write down.
    private static func dockerfileIDs() throws -> [String] {
        let folder = Repository.root + "/Sources/Dockerfile"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
        let texts = try names.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
        let ids = texts.flatMap { text in
            text.matches(of: #/Mistake\(\s*"(?<id>[a-z-]+)"/#).map { "dockerfile-\($0.output.id)" }
                + text.matches(of: #/EngineWork\(\s*id: "(?<id>[a-z-]+)"/#).map {
                    "dockerfile-\($0.output.id)-unsupported"
                }
                + text.matches(of: #/id: "(?<id>dockerfile-[a-z-]+)"/#).map { String($0.output.id) }
        }
        #expect(ids.count > 40)
        return ids
    }
}

enum Repository {
    /// The folder that holds `Sources` and `Tests`, whatever links lead to this file.
    static let root: String = {
        let real = URL(filePath: #filePath).resolvingSymlinksInPath()
        return real.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path(percentEncoded: false).trimmingSuffix("/")
    }()
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> String { last == suffix ? String(dropLast()) : self }
}
