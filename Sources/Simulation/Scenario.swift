/// What a virtual world begins with, and what happens to it from outside.

import Graph

/// Something that a person, git, the registry or the power supply does.
enum Act: Equatable, Sendable {
    /// Writes a file, or removes it.
    case save(Path, Content?)
    case changeAndBack(Path, Content, after: Int)
    /// Somebody else writes what a step owns, while that step does not run.
    case writeForeign(Path, Content?)
    /// Writes a part of a file, holds it open for so many ms, and writes the rest.
    case holdOpen(Path, Content, during: Int)
    /// Commits everything, holding git's lock so long.
    case commit(during: Int)
    /// Holds git's lock, and writes these files in that time.
    case checkOut([Path], Content, during: Int)
    case pause
    case resume
    case trigger(Int)
    case retry
    /// What the registry shows of an image is not all there any more.
    case lose(Int)
    /// The runtime has told the user something by itself.
    case tell
    /// The loop dies; some of its processes may not.
    case crash
    /// The kernel's queue overflows.
    case overflow
    /// A node's definition changes.
    case redefine(Int)
    /// A node reads one more file, or one less.
    case toggleInput(Int, Path)
    /// A node that nobody needs leaves the configuration, and comes back.
    case leave(Int, returningAfter: Int)
    case join(Int, Recipe)
    /// Another limit for what runs at once.
    case slots(Int)
    /// Another registry.
    case moveRegistry
    /// Every request to the registry fails for so long.
    case outage(Int)
}

package struct Scenario: Sendable {
    /// An act that follows the start of a run.
    struct Reaction: Sendable {
        var node: Int
        /// After which of its starts, from 1; nil: after every one.
        var start: Int?
        /// In ms.
        var after: Int
        var act: Act
    }

    /// A run of the node must count in this time, in ms: P6 in a world where that can be said beforehand.
    struct Expectation: Sendable {
        var node: Int
        var from: Int
        var to: Int
    }

    var paths: [String] = []
    var recipes: [Recipe] = []
    /// What lies in the tree when the loop starts for the first time.
    var initial: [Content?] = []
    var parallel = 2
    var script: [(at: Int, act: Act)] = []
    var reactions: [Reaction] = []
    var expectations: [Expectation] = []
    /// Edits at the worst moments that are still allowed.
    var malice = 0
    /// How many of a hundred requests to the registry fail.
    var flakiness = 0
    /// How many of a hundred requests to the registry take a third of a second.
    var slowness = 0
    /// How long it takes at most, in ms, to make a key of what was read.
    var naming = 0
    var mayCrash = false
    var hasGit = true
    /// When all is at rest, the loop is stopped and started once more.
    var restarts = false
    /// Commands take exactly the time that their recipes say.
    var isSteady = false

    var ids: [NodeID] { recipes.enumerated().map { NodeID("\($1.kind)\($0)") } }
}
