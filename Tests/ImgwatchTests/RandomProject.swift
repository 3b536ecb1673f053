/// Projects made from a seed: steps, images, contexts and ignore files over a tree of few names, so that they overlap.

import Foundation
import Project
import Rigs

extension SplitMix {
    mutating func one(in count: Int) -> Bool { next(below: count) == 0 }
    mutating func any<Element>(_ choices: [Element]) -> Element { choices[next(below: choices.count)] }
    mutating func some<Element>(_ choices: [Element], upTo most: Int) -> [Element] {
        (0...next(below: most)).map { _ in any(choices) }
    }
}

/// What a project is made of, and where its ignore files lie.
struct RandomProject {
    private static let patterns = [
        "a/**", "a", "b/", "b/*/c", "**/c", "c/b/", "{a,b}/d", "d/[a-c]*", "c/**/d", "a/b/c", "d", "**/f1*", "b/c/**",
    ]
    private static let outputs = ["d/a", "d/a/", "c/d/", "b/b", "a/c/d", "c/c/", "d/"]
    private static let contexts = [".", ".", "a", "b", "a/b", "c"]
    private static let sources = [".", "a", "b", "a/b", "c/d", "*", "a/*", "[ab]/c", "d/", "b/c/d", "?/d/*"]
    private static let ignored = [
        "a", "b", "**/c", "b/*", "*/d", "*", "a/b", "**/f*", "d/**", "!a/b", "!b/a/c", "!**/d", "!a", "!c/d", "# c",
    ]

    private(set) var files: [String: String] = [:]
    /// Relative to the root.
    private(set) var ignoreFiles: [String] = []

    /// One that loads, most of the time.
    init(_ dice: inout SplitMix) {
        var lines: [String] = []
        let steps = dice.next(below: 3)
        if steps > 0 { lines.append("steps:") }
        for step in 0..<steps {
            let inputs = dice.some(Self.patterns, upTo: 3).map { "\"\($0)\"" }.joined(separator: ", ")
            let needs = (0..<step).map { "s\($0)" }.joined(separator: ", ")
            let outputs = dice.any(Self.outputs)
            lines.append("  s\(step): {run: make, inputs: [\(inputs)], outputs: [\(outputs)], needs: [\(needs)]}")
        }
        let images = 1 + dice.next(below: 2)
        lines.append("images:")
        for image in 0..<images {
            let needs = (0..<steps).map { "s\($0)" }.joined(separator: ", ")
            let context = dice.any(Self.contexts)
            lines.append("  i\(image): {dockerfile: Dockerfile.\(image), context: \(context), needs: [\(needs)]}")
            let copies = dice.some(Self.sources, upTo: 3).map { "COPY \($0) /x/\n" }.joined()
            files["Dockerfile.\(image)"] = "FROM scratch\n\(copies)"
            let shared = context == "." ? ".dockerignore" : context + "/.dockerignore"
            ignoreFiles += dice.one(in: 2) ? [shared] : ["Dockerfile.\(image).dockerignore", shared]
        }
        files[".imgwatch"] = lines.map { $0 + "\n" }.joined()
        for name in ignoreFiles where dice.one(in: 2) { files[name] = Self.rules(&dice) }
    }

    /// The text of an ignore file.
    static func rules(_ dice: inout SplitMix) -> String { dice.some(ignored, upTo: 4).map { $0 + "\n" }.joined() }
}
