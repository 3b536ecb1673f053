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
    private let environment: [String]
    /// Absolute.
    private let workDirectory: String

    /// Variables that name another repository do not count, as they do not for all that is read here.
    init(environment: [String: String], workDirectory: String) {
        self.environment = environment.filter { !$0.key.hasPrefix("GIT_") }.map { "\($0.key)=\($0.value)" }
        self.workDirectory = workDirectory
    }

    /// A filter that takes longer for what changed is not waited for.
    private static let patience: Duration = .seconds(5)

    /// What `git hash-object` says of these files, relative to the work tree; nil where there is no git, or it can't
    /// say in time.
    ///
    /// Blocks.
    func ids(of paths: [String]) -> [BlobID]? {
        let command = StepCommand(
            words: ["git", "hash-object", "--"] + paths,
            environment: environment,
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
