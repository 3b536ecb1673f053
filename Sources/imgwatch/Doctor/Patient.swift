/// What a check-up looks at: this user, this folder, and the project in it where there is one.

import Foundation
import Inputs
import Project
import Reporting
import State

struct Patient: Sendable {
    var environment: [String: String]
    /// Absolute: the project's folder, or that in which the command was called.
    var folder: String
    /// nil outside of a project, and where its configuration is broken.
    var project: Project?
    var folders: StateFolders?
    /// Whether a Dockerfile of the project has RUN, which only an engine can carry out.
    var hasRun = false

    typealias Line = Checkup.Line

    /// All sections at once; what does not answer in time is told instead of being waited for.
    func checkup(_ configuration: Checkup.Section) async -> Checkup {
        let project = project
        let counting = Task { () -> FolderCount? in
            guard let project else { return nil }
            return await Deadline.within(.seconds(Self.counting)) {
                await Deadline.offside { FolderCount.inputs(of: project) }
            }
        }
        let examinations: [(name: String, work: @Sendable () async -> [Line])] = [
            (
                "inotify",
                {
                    let count = await counting.value
                    return await Deadline.offside { WatchDoctor(patient: self, count: count).lines() }
                }
            ),
            (
                "files",
                {
                    let count = await counting.value
                    return await Deadline.offside { FileDoctor(patient: self, count: count).lines() }
                }
            ),
            ("git", { await Deadline.offside { GitDoctor(patient: self).lines() } }),
            ("engines", { await EngineDoctor(patient: self).lines() }),
            ("registries", { await RegistryDoctor(patient: self).lines() }),
            ("state", { await Deadline.offside { StateDoctor(patient: self).lines() } }),
        ]
        let sections = await withTaskGroup(of: (Int, Checkup.Section).self) { group in
            for (position, examination) in examinations.enumerated() {
                group.addTask {
                    let lines = await Deadline.within(.seconds(Self.patience), examination.work)
                    return (position, Checkup.Section(examination.name, lines ?? [Self.silence]))
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        return Checkup([configuration] + sections)
    }

    /// Seconds, for the project's folders and for each section.
    private static let (counting, patience) = (5, 9)
    private static let silence = Line(
        .problem,
        "this did not answer within \(patience) s and was left",
        remedies: ["see whether a disk or a network folder hangs: `timeout 5 df -h`"]
    )
}
