/// `imgwatch aws doctor`: who we are in AWS, whether all that the project needs is there, and how it is.

import AWS
import ArgumentParser
import Foundation
import Project
import Reporting

struct AWSDoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at credentials, region and everything the project needs in AWS, and show the remedies.",
        discussion:
            "It changes nothing, and starts nothing. Exit code 0 where there is no problem, 1 where there is one."
    )

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let project = try options.load().project
        let environment = ProcessInfo.processInfo.environment
        let doctor = CloudDoctor(project, CloudServices.ofCommand(project).access(), environment)
        let checkup = await doctor.checkup()
        if options.isJSON {
            _ = Output.standard.write(checkup.json + [0x0A])
        } else {
            let style = Style.style(environment: environment, isTerminal: Output.standard.isTerminal)
            Say.line(checkup.text(colour: style.isColoured))
        }
        if checkup.problemCount > 0 { throw ExitCode(1) }
    }
}
