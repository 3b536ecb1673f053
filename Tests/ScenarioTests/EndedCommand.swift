/// Commands of the program that end by themselves, as a shell sees them.

import Foundation
import Testing

struct EndedCommand: Sendable {
    var status: Int32
    var output: String
    var errors: String

    /// The output as one JSON object.
    func object() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(output)\(errors)")
    }

    /// The objects of a member that is an array.
    func objects(_ name: String) throws -> [[String: Any]] { try #require(try object()[name] as? [[String: Any]]) }

    /// The output's events.
    var events: [LoopLine] { output.split(separator: "\n").compactMap { LoopLine(String($0)) } }
}

extension TemporaryProject {
    /// In a folder of the project.
    func imgwatch(_ words: String..., in folder: String = "") throws -> EndedCommand {
        try command([Programs.imgwatch.path()] + words, in: folder)
    }

    func command(_ words: [String], in folder: String = "", _ variables: [String: String] = [:]) throws -> EndedCommand
    {
        let place = folder.isEmpty ? root : root.appending(path: folder)
        let (status, output, errors) = try Programs.finish(words, in: place, environment.merging(variables) { $1 })
        return EndedCommand(status: status, output: output, errors: errors)
    }
}
