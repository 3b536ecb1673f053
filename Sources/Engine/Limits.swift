/// Every number of the engine, in one place.

package enum Limits {
    /// The quiet period after one save.
    static let quiet: Duration = .milliseconds(10)
    /// The quiet period after a burst never grows beyond this (replayed traces of editors, formatters and git).
    static let longestQuiet: Duration = .milliseconds(200)
    /// Silence of this length resets the quiet period.
    static let burst: Duration = .milliseconds(500)
    /// A change so soon after a batch was taken for complete doubles the quiet period; a later one halves it.
    static let refire: Duration = .milliseconds(100)
    /// A node does not wait for quiet longer than this after the first change that no run has seen.
    static let quietCap: Duration = .seconds(1)
    /// More paths in one burst are no person's: a package manager's, a generator's.
    static let flood = 200
    /// The quiet period after such a burst is an eighth of its length, up to this.
    static let longestFloodQuiet: Duration = .seconds(1)
    /// How long a node waits for the end of such a burst: what is there half-way is of no use to anybody.
    static let floodCap: Duration = .seconds(10)
    /// A file that stays open for writing longer than this is named, and its node goes on.
    package static let writerPatience: Duration = .seconds(10)
    /// How often a file that is open for writing is looked at, should its closing not be seen.
    static let writerReread: Duration = .milliseconds(250)
    /// After inputs that did not hold still, the next reading waits so long.
    static let unsettledReread: Duration = .milliseconds(10)
    /// How long an unfinished git operation holds after the last change of the tree, and after its process was seen.
    static let gitRest: Duration = .milliseconds(400)
    /// How long an unfinished git operation holds at most; where its process is seen, after the last change.
    static let gitCap: Duration = .seconds(10)
    /// How long it holds at most where its process is seen.
    static let longestGit: Duration = .seconds(600)
    /// After so many supersedes in a row an image's run finishes.
    static let supersedes = 3
    /// After so many keys in a row that edits have overtaken, an image starts by the last one, and its run finishes.
    static let overtaken = 3
    /// After so many starts without a change from outside, a step waits for rest.
    static let loopStarts = 5
    /// After so many foreign changes of its outputs, each soon after its exit, a step waits for rest.
    static let foreignChanges = 3
    static let foreignWindow: Duration = .seconds(1)
    /// After so many more starts a step that waited for rest fails as looping.
    static let loopRepeats = 2
    static let loopRest: Duration = .seconds(1)
    /// It waits for rest no longer than this after the first change that no run has seen.
    static let loopCap: Duration = .milliseconds(1500)
    /// Edits that fall into every run look like a loop: after so long a rest it is tried again, so many times.
    static let loopChance: Duration = .seconds(10)
    static let loopChances = 2
    static let firstBackOff: Duration = .seconds(1)
    static let longestBackOff: Duration = .seconds(30)
    /// How many paths a cause names.
    static let causePaths = 16

    /// The quiet period for so many changed paths.
    static func quiet(paths: Int) -> Duration {
        switch paths {
        case ...3: quiet
        case ...20: .milliseconds(30)
        case ...flood: .milliseconds(75)
        default: .milliseconds(150)
        }
    }
}
