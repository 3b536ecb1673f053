/// The git program, for what only it can do: it runs the filters that a repository names (Git LFS).

import Foundation
import Git
import Inputs

extension GitNames {
    /// Asks the git program where only that can say what is clean.
    convenience init?(_ repository: Repository, reader: InputReader, _ environment: [String: String]) {
        let program = GitProgram(environment: environment, workDirectory: repository.workDirectory)
        self.init(repository, reader: reader) { program.ids(of: $0) }
    }
}

struct GitProgram: Sendable {
    let environment: [String: String]
    /// Absolute.
    let workDirectory: String

    private static let patience: Duration = .seconds(20)

    /// The ids that `git add` would give to these files, relative to the work tree; nil where there is no git, or it
    /// can't say.
    ///
    /// Blocks.
    func ids(of paths: [String]) -> [BlobID]? {
        let command = StepCommand(
            words: ["git", "hash-object", "--"] + paths,
            environment: environment.map { "\($0.key)=\($0.value)" },
            directory: workDirectory,
            timeout: Self.patience
        )
        guard let child = try? ChildProcess(command) else { return nil }
        child.release()
        var ids: [BlobID] = []
        let end = child.wait { stream, line in
            let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            if stream == .stdout, let id = BlobID(hex: text) { ids.append(id) }
        }
        return end == .exited(0) && ids.count == paths.count ? ids : nil
    }
}
