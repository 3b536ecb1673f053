/// Questions to whoever sits at the terminal, before something is done that can't be taken back.

import Foundation
import Glibc
import HTTP
import Project
import Reporting

enum Question {
    static var mayBeAsked: Bool { isatty(STDIN_FILENO) == 1 && Output.error.isTerminal }

    /// Whether one of these was answered.
    static func ask(_ question: String, for answers: [String]) -> Bool {
        _ = Output.error.write(Array((question + " ").utf8))
        guard let answer = readLine() else { return false }
        return answers.contains(answer.trimmingCharacters(in: .whitespaces))
    }
}

extension CloudServices {
    /// For a command that only speaks to AWS.
    static func ofCommand(_ project: Project) -> CloudServices {
        CloudServices(ProcessInfo.processInfo.environment, HTTPClient(), project.cloud)
    }
}
