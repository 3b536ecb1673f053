import Reporting
import Testing

@testable import imgwatch

@Suite struct GitDoctorTests {
    /// A repository without commits, as `git init` leaves it.
    private func opened() throws -> TemporaryFolder {
        try TemporaryFolder([
            ".git/HEAD": "ref: refs/heads/main\n", ".git/objects/": "", ".git/refs/heads/": "",
            ".git/config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
        ])
    }

    /// Without those of the program and the library.
    private func lines(_ folder: TemporaryFolder) -> [Checkup.Line] {
        Array(GitDoctor(patient: Patient(environment: [:], folder: folder.root)).lines().dropFirst(2))
    }

    @Test func `a repository without a commit is told as one`() throws {
        let folder = try opened()
        let found = lines(folder)
        #expect(found.map(\.mark) == [.ok, .note, .ok])
        #expect(found[0].text == "the work tree \(folder.root)" && found[2].text == "git is at rest")
    }

    @Test(arguments: [
        ("index.lock", "rm "), ("rebase-merge/done", "git rebase --abort"), ("sequencer/todo", "git cherry-pick"),
    ])
    func `what keeps git from rest is told with its remedy`(path: String, remedy: String) throws {
        let folder = try opened()
        try folder.write(".git/\(path)", "")
        let line = try #require(lines(folder).last)
        let name = path.split(separator: "/")[0]
        #expect(line.mark == .problem && line.text.hasSuffix("\(folder.root)/.git/\(name)"))
        #expect(line.remedies.count == 1 && line.remedies[0].contains(remedy))
    }

    @Test func `a folder in no repository is a note`() throws {
        let found = lines(try TemporaryFolder())
        #expect(found.map(\.mark) == [.note])
    }
}
