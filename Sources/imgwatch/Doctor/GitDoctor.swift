/// What git can say of the project, and what keeps it from saying it.

import Foundation
import Git
import Inputs
import Reporting

struct GitDoctor {
    let patient: Patient

    func lines() -> [Patient.Line] {
        [program(), library()] + repository()
    }

    private func library() -> Patient.Line { Patient.Line(.ok, "libgit2 \(Repository.libraryVersion)") }

    /// It is not needed: libgit2 does the work.
    private func program() -> Patient.Line {
        switch Program("git", patient).run(["--version"]) {
        case .missing: Patient.Line(.note, "the program git is not installed; imgwatch does without it")
        case .answered(let text): Patient.Line(.ok, text)
        case .failed(let reason): Patient.Line(.note, "git does not work: \(reason); imgwatch does without it")
        }
    }

    private func repository() -> [Patient.Line] {
        do {
            guard let repository = try Repository.discover(from: patient.folder) else {
                return [
                    Patient.Line(
                        .note,
                        "\(patient.folder) is in no git repository: images are tagged key-…",
                        remedies: ["`git init`, and a first commit, for tags that name commits"]
                    )
                ]
            }
            return [Patient.Line(.ok, "the work tree \(repository.workDirectory)"), head(of: repository)]
                + rest(of: repository)
        } catch {
            return [Patient.Line(.problem, error.reason, remedies: [error.remedy])]
        }
    }

    private func head(of repository: Repository) -> Patient.Line {
        do {
            guard let head = try repository.head() else {
                return Patient.Line(
                    .note,
                    "there is no commit yet: images are tagged key-…",
                    remedies: ["`git commit`"]
                )
            }
            return Patient.Line(.ok, "HEAD is \(head.id.prefix(9))")
        } catch {
            return Patient.Line(.problem, error.reason, remedies: [error.remedy])
        }
    }

    /// What git is at, or left half-way.
    private func rest(of repository: Repository) -> [Patient.Line] {
        let activity = repository.activity()
        guard activity.isBusy else { return [Patient.Line(.ok, "git is at rest")] }
        func since(_ path: String) -> String {
            let age = FileStat(of: path).map { Int(Date().timeIntervalSince1970) - Int($0.modified / 1_000_000_000) }
            return age.map { " since \(Formats.duration(ms: max(0, $0) * 1000))" } ?? ""
        }
        let locks = activity.locks.map { lock in
            let path = repository.gitDirectory + "/" + lock.name
            guard let holder = repository.lockHolder(lock.name) else {
                let reason = "no process is seen that holds git's lock\(since(path)): \(path)"
                return Patient.Line(.problem, reason, remedies: ["where no git command runs: rm \(path)"])
            }
            let reason = "process \(holder.process) (\(holder.command)) holds git's lock\(since(path)): \(path)"
            return Patient.Line(.problem, reason, remedies: ["end it, or wait for its end"])
        }
        let series = activity.series.map { series in
            let path = repository.gitDirectory + "/" + series.rawValue
            let reason = "\(series.title) is under way, or stopped\(since(path)): \(path)"
            return Patient.Line(.problem, reason, remedies: [series.remedy])
        }
        return locks + series
    }
}

extension GitActivity.Series {
    fileprivate var remedy: String {
        switch self {
        case .rebase: "`git rebase --continue` or `git rebase --abort`"
        case .patches: "`git rebase --continue` or `--abort`; after `git am`: `git am --abort`"
        case .sequence: "`git cherry-pick --continue` or `--abort`; after `git revert` likewise"
        }
    }
}
