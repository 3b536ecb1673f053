/// Follows builds in the cloud: one question for all of them at a time, and what each has printed since.

import AWS
import Foundation

/// What is heard of a build while it goes on.
enum BuildNews: Sendable {
    /// It came to another phase, or was heard of for the first time.
    case phase(CodeBuild.Build)
    case lines([String])
}

actor BuildFollower {
    /// Whether what the build is to make is there already: nobody waits for its last phases.
    typealias IsThere = @Sendable () async -> Bool

    private struct Watched {
        var isThere: IsThere
        var onNews: @Sendable (BuildNews) -> Void
        var continuation: CheckedContinuation<Result<CodeBuild.Build, AWSError>, Never>
        var build: CodeBuild.Build?
        /// Where its log goes on.
        var place: String?
        /// How often in a row CodeBuild did not know it.
        var absences = 0
        var isTroubleTold = false
        let began = ContinuousClock.now
        /// Of all that were followed: one that was followed before may have the same id.
        var number: Int
    }

    private let access: CloudAccess
    private var watched: [String: Watched] = [:]
    private var isLooking = false
    private var count = 0

    init(_ access: CloudAccess) { self.access = access }

    /// Until it ends, or what it makes is there; where the task is cancelled, it is followed no more.
    func follow(
        _ id: String,
        isThere: @escaping IsThere,
        onNews: @escaping @Sendable (BuildNews) -> Void
    ) async throws(AWSError) -> CodeBuild.Build {
        count += 1
        let number = count
        let result: Result<CodeBuild.Build, AWSError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: .failure(.notNeeded)) }
                watched[id] = Watched(
                    isThere: isThere,
                    onNews: onNews,
                    continuation: continuation,
                    number: number
                )
                guard !isLooking else { return }
                isLooking = true
                Task { await look() }
            }
        } onCancel: {
            Task { await self.leave(id, number) }
        }
        return try result.get()
    }

    private func leave(_ id: String, _ number: Int) {
        if watched[id]?.number == number { end(id, .failure(.notNeeded)) }
    }

    private func end(_ id: String, _ result: Result<CodeBuild.Build, AWSError>) {
        watched.removeValue(forKey: id)?.continuation.resume(returning: result)
    }

    // MARK: Looking

    private static let pace = Duration.milliseconds(1000)
    /// Close to the beginning of one, and to its end.
    private static let quickPace = Duration.milliseconds(300)
    private static let youth = Duration.seconds(3)
    private static let mostFailures = 60
    private static let mostAbsences = 10
    /// The phases from which on the image may have been pushed.
    private static let late: Set<String> = ["POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]

    private func look() async {
        var failures = 0
        while !watched.isEmpty {
            do throws(AWSError) {
                let client = try await access.client()
                let builds = try await CodeBuild(client).builds(watched.keys.sorted())
                failures = 0
                noteAbsent(besides: Set(builds.map(\.id)))
                await withTaskGroup(of: Void.self) { group in
                    for build in builds { group.addTask { await self.note(build, BuildLogs(client)) } }
                }
            } catch {
                failures += 1
                guard error.isTransient, failures < Self.mostFailures else {
                    for id in watched.keys { end(id, .failure(error)) }
                    break
                }
            }
            let isQuick = watched.values.contains { each in
                each.build.map { Self.late.contains($0.phase) } ?? false || .now - each.began < Self.youth
            }
            try? await Task.sleep(for: isQuick ? Self.quickPace : Self.pace)
        }
        isLooking = false
    }

    private func noteAbsent(besides known: Set<String>) {
        for id in watched.keys where !known.contains(id) {
            watched[id]?.absences += 1
            guard let absences = watched[id]?.absences, absences >= Self.mostAbsences else { continue }
            let error = AWSError("CodeBuild knows no build \(id)", remedy: "try again: another one is started then")
            end(id, .failure(error))
        }
    }

    private func note(_ build: CodeBuild.Build, _ logs: BuildLogs) async {
        guard let before = watched[build.id] else { return }
        if before.build?.phase != build.phase { before.onNews(.phase(build)) }
        watched[build.id]?.build = build
        watched[build.id]?.absences = 0
        await readLog(of: build, logs)
        guard build.isOver else {
            if Self.late.contains(build.phase), await before.isThere() { end(build.id, .success(build)) }
            return
        }
        if build.status != .succeeded { await readEnd(of: build, logs) }
        end(build.id, .success(build))
    }

    /// What it printed since the last time.
    private func readLog(of build: CodeBuild.Build, _ logs: BuildLogs) async {
        guard let group = build.logGroup, let stream = build.logStream else { return }
        for _ in 0..<Self.mostPages {
            guard let watched = watched[build.id] else { return }
            do throws(AWSError) {
                let page = try await logs.page(group, stream, after: watched.place)
                guard page.next != watched.place else { return }
                self.watched[build.id]?.place = page.next
                if !page.lines.isEmpty { watched.onNews(.lines(page.lines)) }
            } catch {
                guard !error.isTransient, !watched.isTroubleTold else { return }
                self.watched[build.id]?.isTroubleTold = true
                return watched.onNews(.lines(["what it prints can't be read: \(error.reason); \(error.remedy)"]))
            }
        }
    }

    /// Lines come late to CloudWatch; of what failed the last ones matter.
    private func readEnd(of build: CodeBuild.Build, _ logs: BuildLogs) async {
        guard build.logStream != nil else { return }
        for _ in 0..<2 {
            try? await Task.sleep(for: Self.quickPace)
            await readLog(of: build, logs)
        }
    }

    private static let mostPages = 5
}
