import Foundation
import Testing

@testable import Project

/// `docs/imgwatch.schema.json`, which editors read, against the loader: one table of good and bad configurations, read
/// by both.
@Suite struct SchemaTests {
    /// The golden configurations whose mistakes no schema can see.
    static let onlyTheLoader = [
        "aws": "what CodeBuild and Lambda can do", "aws-names": "what S3 calls a bucket",
        "bases": "what a Dockerfile holds", "cycles": "what needs what",
        "build-checks": "what a Dockerfile holds", "dockerfile-meaning": "what a Dockerfile holds",
        "dockerfile-mistakes": "what a Dockerfile holds",
        "dockerfile-assemble": "what a Dockerfile holds",
        "dockerfile-target": "what a Dockerfile holds",
        "duplicate-keys": "JSON has no mapping with a key twice", "layout-read": "what reads which file",
        "made-dockerfile": "which files there are",
        "no-nodes": "an editor need not complain of a file that is just begun", "race-circle": "what needs what",
        "race-dockerfile": "what needs what", "race-image": "what needs what", "race-step": "what needs what",
    ]

    static let cases: [SchemaCase] = {
        let temporary = FileManager.default.temporaryDirectory
        let folder = temporary.appending(path: "imgwatch-schema-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var cases = files("good", .good) + files("bad", .bad) + golden() + examples() + documents(into: folder)
        let judged = (try? SchemaReader.judge(cases.map(\.path))) ?? [:]
        for at in cases.indices {
            cases[at].schema = judged[cases[at].path] ?? ["python judged nothing"]
            do throws(Diagnostics) {
                _ = try Loader.load(file: cases[at].path, environment: ["HOME": "/home/me"], bases: [:])
            } catch {
                cases[at].loader = error.all.filter { $0.severity == .error }
            }
        }
        return cases
    }()

    // MARK: The table

    @Test func `the table is there`() {
        #expect(Self.cases.count { $0.origin == .good } >= 30)
        #expect(Self.cases.count { $0.origin == .bad } >= 100)
        #expect(Self.cases.count { $0.origin == .document } >= 3)
        #expect(Self.onlyTheLoader.keys.allSatisfy { name in Self.cases.contains { $0.name == "golden/\(name)" } })
    }

    @Test(arguments: cases) func `the loader accepts the good and refuses the bad`(one: SchemaCase) {
        switch one.origin {
        case .good: #expect(one.loader == [], "\(one.loader.map(\.text))")
        case .bad: #expect(one.loader != [])
        case .document:
            // The files that an example speaks of are not there.
            let others = one.loader.filter { $0.id != "config-missing-file" }
            #expect(others == [], "\(others.map(\.text))")
        }
    }

    @Test(.enabled(if: SchemaReader.python != nil, "no python3 with jsonschema and yaml"), arguments: cases)
    func `the schema says what the loader says, but for what no schema can know`(one: SchemaCase) {
        if one.origin == .bad, one.reason == nil {
            #expect(one.schema != [], "the loader: \(one.loader.map(\.text))")
        } else {
            #expect(one.schema == [])
        }
    }

    private static func files(_ folder: String, _ origin: SchemaCase.Origin) -> [SchemaCase] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: SchemaReader.table + "/" + folder)) ?? []
        return names.sorted().filter { $0.hasSuffix(".yaml") }.map { name in
            let path = "\(SchemaReader.table)/\(folder)/\(name)"
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            let mark = text.firstMatch(of: #/^# only the loader: (?<reason>.+)\n/#).map { String($0.output.reason) }
            return SchemaCase(name: "\(folder)/\(name)", path: path, origin: origin, reason: mark)
        }
    }

    private static func golden() -> [SchemaCase] {
        let folder = Repository.root + "/Tests/Golden/ProjectTests"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap { name in
            let path = "\(folder)/\(name)/.imgwatch"
            // One that is only warned of is no bad one.
            let isOnlyWarnedOf = name == "missing-inputs" || name == "missing-sources"
            return SchemaCase(
                name: "golden/\(name)",
                path: path,
                origin: isOnlyWarnedOf ? .good : .bad,
                reason: onlyTheLoader[name]
            )
        }
    }

    // MARK: Documents

    /// The examples' own configurations, with all their files.
    private static func examples() -> [SchemaCase] {
        let folder = Repository.root + "/Examples"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { name in
            SchemaCase(name: "Examples/\(name)", path: "\(folder)/\(name)/.imgwatch", origin: .good)
        }
    }

    /// Everything in Markdown that looks like a configuration, and the example that has every key.
    private static func documents(into folder: String) -> [SchemaCase] {
        let docs = Repository.root + "/docs"
        let pages = ((try? FileManager.default.contentsOfDirectory(atPath: docs)) ?? []).filter { $0.hasSuffix(".md") }
        var texts = [(".imgwatch.example", text(".imgwatch.example"))]
        for page in ["README.md"] + pages.sorted().map({ "docs/\($0)" }) {
            let blocks = text(page).matches(of: #/\n```yaml\n(?<body>(?s:.*?))```\n/#).map { String($0.output.body) }
            texts += blocks.filter(isConfiguration).enumerated().map { ("\(page) \($0.offset + 1)", $0.element) }
        }
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return texts.enumerated().map { at, text in
            let path = "\(folder)/\(at).yaml"
            try? text.1.write(toFile: path, atomically: false, encoding: .utf8)
            return SchemaCase(name: text.0, path: path, origin: .document)
        }
    }

    private static func isConfiguration(_ text: String) -> Bool {
        let lines = text.split(separator: "\n")
        return Keys.project.supported.contains { key in lines.contains { $0.hasPrefix("\(key):") } }
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: "\(Repository.root)/\(path)", encoding: .utf8)) ?? ""
    }

    // MARK: Keys

    @Test func `the schema has every key at its place, and no other`() throws {
        let text = Self.text("docs/imgwatch.schema.json")
        let whole = try JSONSerialization.jsonObject(with: Data(text.utf8))
        func properties(_ path: String...) throws -> [String] {
            var place = try #require(whole as? [String: Any])
            for part in path + ["properties"] { place = try #require(place[part] as? [String: Any], "\(path)") }
            for (key, value) in place {
                let words = (value as? [String: Any])?["description"] as? String ?? ""
                #expect(words.hasSuffix("."), "\(path) \(key) has no description")
            }
            return place.keys.sorted()
        }
        #expect(try properties() == Keys.project.supported.sorted())
        #expect(try properties("definitions", "step") == Keys.step.supported.sorted())
        #expect(try properties("definitions", "image") == Keys.image.supported.sorted())
        #expect(try properties("definitions", "deploy") == Keys.deploy.supported.sorted())
        #expect(try properties("definitions", "argument") == Keys.argument.supported)
        #expect(try properties("definitions", "aws") == Keys.cloud.supported.sorted())
        #expect(try properties("definitions", "function") == Keys.function.supported.sorted())
    }

    @Test func `the example uses every key, and the reference explains it`() {
        let example = Self.text(".imgwatch.example")
        let reference = Self.text("docs/configuration.md")
        for keys in [Keys.project, .step, .image, .deploy, .cloud, .function] {
            for key in keys.supported {
                #expect(example.contains("\(key):"), "\(keys.owner): \(key)")
                #expect(reference.contains("`\(key)`"), "\(keys.owner): \(key)")
            }
        }
    }
}
