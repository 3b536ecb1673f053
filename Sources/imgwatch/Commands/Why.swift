/// `imgwatch why`: who reads a path, by which rule, or which rule leaves it out.

import ArgumentParser
import Foundation
import Project
import Reporting

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which steps and images read a path, by which rule, or which rule leaves it out.",
        discussion: "It goes by the configuration and the Dockerfiles alone; the paths need not exist."
    )

    @Argument(help: "Files or folders, relative to this folder or absolute.")
    var paths: [String]

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reasons = PathReasons(try options.load().project)
        let here = FileManager.default.currentDirectoryPath
        let reports = paths.map { reasons.report($0, from: here) }
        guard !options.isJSON else {
            _ = Output.standard.write(PathReport.json(reports) + [0x0A])
            return
        }
        let style = Style.style(
            environment: ProcessInfo.processInfo.environment,
            isTerminal: Output.standard.isTerminal
        )
        Say.line(reports.map { $0.text(colour: style.isColoured) }.joined(separator: "\n\n"))
    }
}
