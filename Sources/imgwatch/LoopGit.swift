/// Git at rest: what a checkout, a rebase or a stash changes is one change, made when git is done.

import Engine
import Foundation
import Git
import Inputs

/// What the loop knows of git's work in the work tree.
struct GitWork: Sendable {
    /// The engine was told, and waits.
    var isBusy = false
    /// What stands there without an end: nobody waits for it.
    var abandoned: GitActivity?
    /// Since when git is at the same, by its lock's age or as it was seen.
    var seen: (activity: GitActivity, since: ContinuousClock.Instant)?
    /// The index as it was seen last; git never changes one in place.
    var index: FileStat?
    /// Who was found to hold a lock.
    var holder: (lock: GitActivity.Lock, process: GitLockHolder)?
    /// What is said of work without an end.
    var note: String?
    var check: Task<Void, Never>?
}

extension Loop {
    /// After the last lock is gone: a series takes it again within this time.
    ///
    /// A rebase has gaps of 5 to 20 ms (measured).
    private static let gitGrace: Duration = .milliseconds(25)
    /// A series that holds no lock and changes nothing for so long has stopped: for a conflict, or to be edited.
    private static let seriesPatience: Duration = .milliseconds(400)
    /// Who holds a lock is looked at so often.
    private static let holderPause: Duration = .milliseconds(200)
    /// A lock of this age that no process holds was left behind.
    private static let lockPatience: Duration = .seconds(10)

    /// Git's own files changed: looks whether it is at work, and at what.
    func noteGit() {
        guard let repository = session.git?.repository else { return }
        let activity = repository.activity()
        let index = session.gitIndex()
        defer { gitWork.index = index }
        if activity.isBusy {
            // With another index, somebody goes on with what had stopped.
            if activity == gitWork.abandoned, index == gitWork.index { return noteGitRest() }
            gitWork.abandoned = nil
            if gitWork.seen?.activity != activity { gitWork.seen = (activity, activity.start) }
            beginGitWork()
            return lookAtGit(after: activity.locks.isEmpty ? Self.seriesPatience : Self.holderPause)
        }
        (gitWork.seen, gitWork.abandoned) = (nil, nil)
        tellGit(nil)
        // A lock that came and went without a new index was that of a `git status`.
        guard index != gitWork.index else { return noteGitRest() }
        beginGitWork()
        lookAtGit(after: Self.gitGrace)
    }

    private func beginGitWork() {
        guard !gitWork.isBusy else { return }
        gitWork.isBusy = true
        handle(.gitBusy)
    }

    private func lookAtGit(after pause: Duration) {
        gitWork.check?.cancel()
        gitWork.check = Task {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled, !isOver else { return }
            drain()
            judgeGit()
        }
    }

    /// Whether the work is over, or will not end by itself.
    private func judgeGit() {
        guard let repository = session.git?.repository, gitWork.isBusy else { return }
        let activity = repository.activity()
        guard activity.isBusy else { return noteGitRest() }
        guard let seen = gitWork.seen, seen.activity == activity else { return noteGit() }
        let rest = ContinuousClock.now - max(seen.since, treeChangedAt ?? seen.since)
        if activity.locks.isEmpty, rest >= Self.seriesPatience {
            let names = activity.series.map(\.title).joined(separator: " and ")
            return abandon(activity, "\(names) stopped half-way: what is there now counts")
        }
        let holders = activity.locks.compactMap { holder(of: $0, in: repository) }
        let isClosed = !holders.isEmpty && !holders.contains(where: \.isSure)
        if activity.series.isEmpty, isClosed, repository.awaitsMessage { return abandon(activity, nil) }
        let mayWrite = holders.contains(where: repository.mayWrite)
        if mayWrite { handle(.gitAtWork) }
        if !activity.locks.isEmpty, holders.isEmpty, ContinuousClock.now - seen.since >= Self.lockPatience {
            let paths = activity.locks.map { repository.gitDirectory + "/" + $0.name }.joined(separator: " ")
            return abandon(activity, "no process holds git's lock, it was left behind: rm \(paths)")
        }
        let pause = activity.locks.isEmpty ? Self.seriesPatience : .seconds(1)
        lookAtGit(after: mayWrite ? Self.holderPause : pause)
    }

    /// Nobody has to be searched for twice.
    private func holder(of lock: GitActivity.Lock, in repository: Repository) -> GitLockHolder? {
        if let known = gitWork.holder, known.lock == lock, known.process.isAlive { return known.process }
        let found = repository.lockHolder(lock.name)
        gitWork.holder = found.map { (lock, $0) }
        return found
    }

    private func abandon(_ activity: GitActivity, _ note: String?) {
        gitWork.abandoned = activity
        tellGit(note)
        noteGitRest()
    }

    private func tellGit(_ note: String?) {
        guard note != gitWork.note else { return }
        gitWork.note = note
        if let note { tell(notice: note) }
    }

    /// Nobody waits for git any more; where HEAD moved, everything is named anew.
    private func noteGitRest() {
        gitWork.check?.cancel()
        let head = session.headID()
        guard gitWork.isBusy || head != gitHead else { return }
        // Work that ended without a commit changes no name: nothing needs to be looked at again.
        let barrier = head == gitHead ? -1 : nextSequence()
        (gitWork.isBusy, gitHead) = (false, head)
        // Another branch may lie in another folder of refs.
        if session.gitFoldersMoved() { watch() }
        // What is being read may have been named before the commit.
        if barrier >= 0 { touchAll(barrier) }
        handle(.gitRest(barrier: barrier))
    }
}

extension GitActivity {
    /// When its lock was written last; now, where there is none.
    fileprivate var start: ContinuousClock.Instant {
        guard let written = locks.map(\.written).max() else { return .now }
        return .now - .seconds(max(0, Date.now.timeIntervalSince1970 - Double(written) / 1e9))
    }
}

extension GitActivity.Series {
    var title: String {
        switch self {
        case .rebase: "a rebase"
        case .patches: "a rebase or `git am`"
        case .sequence: "a cherry-pick or revert"
        }
    }
}
