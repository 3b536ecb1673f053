/// Holds for machines and people.

import Engine
import Graph
import Reporting
import Testing

@Suite struct HoldTextTests {
    @Test(arguments: [
        (Hold.need(NodeID("ui")), "need", "ui"), (.writer(path: "a.db"), "writer", "a.db to be closed"),
        (.quiet, "quiet", "quiet"), (.git, "git", "git"), (.slot, "slot", "a free slot"),
        (.paused, "paused", "resume"), (.trigger, "trigger", "trigger"),
        (.loop, "loop", "a second of rest, as its runs change what it is made from"),
        (.backOff, "back-off", "its next try"), (.ending(NodeID("ui")), "ending", "ui to end"),
    ])
    func `every hold has a name and words`(hold: Hold, name: String, text: String) {
        #expect(hold.name == name)
        #expect(hold.text == text)
    }

    @Test func `a hold names the node or the file that it waits for`() {
        #expect(Hold.need(NodeID("ui")).node == NodeID("ui"))
        #expect(Hold.ending(NodeID("ui")).node == NodeID("ui"))
        #expect(Hold.slot.node == nil)
        #expect(Hold.writer(path: "a").path == "a")
        #expect(Hold.git.path == nil)
    }
}
