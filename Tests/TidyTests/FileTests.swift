import Testing

/// The habits that a formatter does not see.
@Suite struct FileTests {
    static let lineLimit = 400
    static let columnLimit = 120
    static let functionLimit = 50

    @Test func `files, lines and functions are short`() {
        for file in Repository.sources {
            #expect(file.lines.count <= Self.lineLimit, "\(file.path): split it by subject")
            for (index, line) in file.lines.enumerated() where line.count > Self.columnLimit {
                Issue.record("\(file.path):\(index + 1): \(line.count) columns")
            }
            for function in file.functions where function.length > Self.functionLimit {
                Issue.record("\(file.path):\(function.line): a function of \(function.length) lines")
            }
        }
    }

    @Test func `a file begins with a sentence that says why it exists`() {
        // A suite's name says why it exists.
        for file in Repository.sources where !file.isSuite {
            let block = file.comments.prefix { $0.hasPrefix("//") }.map { $0.drop { $0 == "/" || $0 == " " } }
            let text = block.joined(separator: " ")
            let isSentence = text.contains(" ") && (text.hasSuffix(".") || text.hasSuffix("?"))
            #expect(isSentence, "\(file.path) begins with '\(text)'")
        }
    }

    /// A suite for one file carries that file's name; a suite for several stands here, with what it is about.
    static let suitesOfSeveralFiles = [
        "Tests/AWSTests/SigV4RandomTests.swift": "SigV4 on random requests, against botocore",
        "Tests/AWSTests/SigV4SuiteTests.swift": "SigV4 on the suite that AWS has for it",
        "Tests/ProjectTests/SchemaTests.swift": "docs/imgwatch.schema.json, against the loader",
        "Tests/ReportingTests/EventsDocumentTests.swift": "docs/events.md, against the events that the code writes",
        "Tests/ServingTests/ClientTests.swift": "the registry as skopeo, podman and others pull from it",
    ]

    @Test func `a suite has the name of the file that it tests`() {
        for file in Repository.sources where file.area == "Tests" && file.isSuite {
            let module = file.module.trimmingSuffix("Tests")
            guard ModuleTable.row(module) != nil, Self.suitesOfSeveralFiles[file.path] == nil else { continue }
            let subject = "Sources/\(module)/\(file.name.trimmingSuffix("Tests.swift")).swift"
            #expect(Repository.exists(subject), "\(file.path) tests nothing that is called \(subject)")
        }
    }

    @Test func `every suite that is said to be of several files is there`() {
        for path in Self.suitesOfSeveralFiles.keys.sorted() { #expect(Repository.exists(path), "\(path) is gone") }
    }
}
