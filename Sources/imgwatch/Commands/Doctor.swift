/// `imgwatch doctor`: what of this machine and this project could keep the loop from working, and what to do.

import ArgumentParser
import Dockerfile
import Foundation
import Project
import Reporting
import State

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look for what could keep imgwatch from working here, and show the remedies.",
        discussion:
            "It changes nothing, and starts nothing. Exit code 0 where there is no problem, 1 where there is one."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let (patient, section) = examined()
        let checkup = await patient.checkup(section)
        if options.isJSON {
            _ = Output.standard.write(checkup.json + [0x0A])
        } else {
            let style = Style.style(environment: patient.environment, isTerminal: Output.standard.isTerminal)
            Say.line(checkup.text(colour: style.isColoured))
        }
        if checkup.problemCount > 0 { throw ExitCode(1) }
    }

    /// The project where there is one, and how its configuration is.
    private func examined() -> (Patient, Checkup.Section) {
        let environment = ProcessInfo.processInfo.environment
        var patient = Patient(environment: environment, folder: FileManager.default.currentDirectoryPath)
        let line: Checkup.Line
        do {
            let file = try options.configuration()
            let folder = (file as NSString).deletingLastPathComponent
            patient.folder = AbsolutePath.real(folder) ?? folder
            patient.folders = StateFolders.forProject(root: patient.folder, environment: environment)
            let project = try options.load().project
            patient.project = project
            patient.hasRun = project.images.flatMap(\.variants).contains { $0.evaluation.hasRun }
            line = Checkup.Line(.ok, "\(project.file): \(project.counts)")
        } catch let problems as Diagnostics {
            patient.hasRun = problems.all.contains { $0.id == "dockerfile-run-unsupported" }
            let count = Formats.count(problems.all.count { $0.severity == .error }, "mistake")
            line = Checkup.Line(.problem, "the configuration has \(count)", remedies: ["`imgwatch check` shows them"])
        } catch let problem as Diagnostic where options.file == nil {
            line = Checkup.Line(.note, "\(problem.reason): no project is looked at", remedies: [problem.remedy])
        } catch {
            let reason = (error as? Diagnostic)?.reason ?? "\(error)"
            line = Checkup.Line(.problem, reason, remedies: ["name the configuration with --file"])
        }
        return (patient, Checkup.Section("project", [line]))
    }
}

extension Evaluation {
    fileprivate var hasRun: Bool {
        stages.flatMap(\.instructions).contains { if case .run = $0.operation { true } else { false } }
    }
}
