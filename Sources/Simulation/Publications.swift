/// P1 and P4: what is published existed at one instant, and is never followed by something older.

import Engine
import Graph

extension World {
    /// Held against the instant that the publication itself names: its round.
    ///
    /// At that instant everything that the image is made from was what the key says, and every generated file in it
    /// was what its steps, run from scratch on the sources of that same instant, would have made.
    mutating func judgePublication(_ index: Int, _ publication: Publication) {
        let node = runs[index].node
        let id = ids[node]
        guard publication.round <= drained || runs[index].generation != generation else {
            return violate(.noStaleArtifact, "\(id) is published with a round that has not come yet")
        }
        guard let version = versions.last(where: { $0.since <= publication.round })?.blueprint,
            version.recipes[node] != nil
        else { return violate(.noStaleArtifact, "\(id) is published for a time when it did not exist") }
        guard !isHaunted(node) else { return }
        var oracle = Oracle(tree, version, at: publication.round)
        let key = oracle.key(of: node)
        guard key != publication.key else { return }
        violate(
            .noStaleArtifact,
            "\(id) is published as \(publication.key); at change \(publication.round) it was \(key ?? "impossible")"
        )
    }

    /// Held when the write is applied, whoever asked for it and however long ago.
    mutating func judgeOrder(_ what: String, from before: Publication?, to after: Publication) {
        guard let before, before.round > after.round else { return }
        violate(.monotony, "\(what) goes back from round \(before.round) to \(after.round)")
    }
}
