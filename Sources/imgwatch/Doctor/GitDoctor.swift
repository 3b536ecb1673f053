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

    /// As long as git is at work nothing starts.
    private func rest(of repository: Repository) -> [Patient.Line] {
        let activity = repository.activity()
        guard activity.isBusy else { return [Patient.Line(.ok, "git is at rest")] }
        let lock = "end the git command that runs; where none does: rm PATH"
        let found = activity.locks.map { ($0.name, lock) } + activity.series.map { ($0.rawValue, $0.remedy) }
        return found.map { name, remedy in
            let path = repository.gitDirectory + "/" + name
            let age = FileStat(of: path).map { Int(Date().timeIntervalSince1970) - Int($0.modified / 1_000_000_000) }
            let since = age.map { " since \(Formats.duration(ms: max(0, $0) * 1000))" } ?? ""
            return Patient.Line(
                .problem,
                "git is at work\(since), and nothing starts until it is done: \(path)",
                remedies: [remedy.replacing("PATH", with: path)]
            )
        }
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
