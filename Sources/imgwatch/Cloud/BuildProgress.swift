/// What has become of builds that were started: the one place that asks AWS for it, by builds and batches.

import AWS
import Reporting

enum BuildProgress: Sendable {
    case begun(CodeBuild.Build)
    /// Its batch has not started it yet.
    case waiting(CodeBuild.Batch)
    /// Its batch ended without it.
    case left(CodeBuild.Batch)
    /// CodeBuild knows nothing of it: not yet, or not any more.
    case unknown
}

extension CloudBuilds {
    /// Of records by the names of their images.
    func progress(
        _ records: [String: CloudRecords.Record]
    ) async throws(AWSError) -> [String: BuildProgress] {
        guard !records.isEmpty else { return [:] }
        let codebuild = CodeBuild(try await services.access().client())
        let batches = try await codebuild.batches(Set(records.values.filter(\.isBatch).map(\.id)).sorted())
        var (progress, ids): ([String: BuildProgress], [String: String]) = ([:], [:])
        for (image, record) in records {
            guard record.isBatch else {
                ids[image] = record.id
                continue
            }
            let batch = batches.first { $0.id == record.id }
            if let member = batch?.builds[record.identifier ?? ""], !member.id.isEmpty {
                ids[image] = member.id
            } else {
                progress[image] = batch.map { $0.isOver ? .left($0) : .waiting($0) } ?? .unknown
            }
        }
        let builds = try await codebuild.builds(Set(ids.values).sorted())
        for (image, id) in ids { progress[image] = builds.first { $0.id == id }.map { .begun($0) } ?? .unknown }
        return progress
    }
}

extension CloudRecords.Record {
    /// What was started a moment ago AWS may not know yet.
    var isNew: Bool { Int(Timestamp.now().milliseconds) / 1000 - started < Self.newness }

    /// In seconds.
    private static let newness = 60
}
