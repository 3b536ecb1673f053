/// The race check: who reads what a step writes must need that step, or it may read what is only half written.

import Dockerfile
import Graph

/// One thing that a node reads.
struct Read {
    /// Where the configuration says so.
    var place: Place
    /// How, to be read after "the step `x`": "reads `src/**`".
    var how: String
    /// What to write into `ignore` so that the node no longer reads the output, where that is a remedy.
    var ignorable: (Output) -> String?
    var meets: (Output) -> Bool
}

struct Reader {
    var id: NodeID
    var kind: NodeKind
    var needs: NeedsSite
    var reads: [Read]
}

struct RaceCheck {
    let outputs: [Output]
    let ordering: Ordering

    func problems(_ reader: Reader) -> [Diagnostic] {
        guard reader.needs.isSound, reader.needs.names.allSatisfy({ ordering.holds($0.value) }) else { return [] }
        let reached = ordering.reach(of: reader.id)
        var found: [(output: Output, read: Read)] = []
        for output in outputs where output.step != reader.id && !reached.contains(output.step) {
            guard let read = reader.reads.first(where: { $0.meets(output) }) else { continue }
            if !found.contains(where: { $0.output.step == output.step }) { found.append((output, read)) }
        }
        let missing = found.map(\.output.step)
        let direct = missing.filter { step in
            !missing.contains { $0 != step && ordering.reach(of: $0).contains(step) }
                && !ordering.reach(of: step).contains(reader.id)
        }
        return found.map { problem(reader, $0.read, $0.output, adding: direct.map(\.name)) }
    }

    private func problem(_ reader: Reader, _ read: Read, _ output: Output, adding needs: [String]) -> Diagnostic {
        let path = output.path.path + (output.path.isDirectory ? "/" : "")
        let reason =
            "the \(reader.kind.rawValue) `\(reader.id)` \(read.how), and the step `\(output.step)` writes `\(path)` "
            + "(line \(output.place.line ?? 0)); without a need on it, what is read may be old or half written"
        if ordering.reach(of: output.step).contains(reader.id) {
            return Diagnostic(
                id: Rule.race.id,
                place: read.place,
                reason: reason,
                remedy: "`\(output.step)` already needs `\(reader.id)`, so a need would make a circle: read less here, "
                    + "or write elsewhere there."
            )
        }
        let indirect =
            needs.contains(output.step.name)
            ? nil : needs.first { ordering.reach(of: NodeID($0)).contains(output.step) }
        let added = indirect.map { "`\($0)`, which needs `\(output.step)`," } ?? "`\(output.step)`"
        let ignored = read.ignorable(output).map {
            " Or, if the image is not to hold it, add `\($0)` to its `ignore` or to the ignore file."
        }
        return Diagnostic(
            id: Rule.race.id,
            place: read.place,
            reason: reason,
            remedy: "Add \(added) to the needs of `\(reader.id)`." + (ignored ?? ""),
            fix: reader.needs.line(adding: needs),
            insertions: reader.needs.insertions(adding: needs)
        )
    }

    /// What must not be read by anyone: the OCI layout that imgwatch writes itself would change for ever.
    static func layoutProblems(_ reader: Reader, layout: Output) -> [Diagnostic] {
        reader.reads.first { $0.meets(layout) }.map { read in
            Diagnostic(
                id: Rule.layoutRead.id,
                place: read.place,
                reason: "the \(reader.kind.rawValue) `\(reader.id)` \(read.how), and imgwatch writes its OCI layout to "
                    + "`\(layout.path.path)/`, so that each build would cause the next",
                remedy: read.ignorable(layout).map { "Add `\($0)` to its `ignore`, or write the layout elsewhere." }
                    ?? "Write the layout elsewhere, or read less here."
            )
        }.map { [$0] } ?? []
    }
}

extension Reader {
    init(_ step: StepEntry, root: String) {
        let reads = step.inputs.map { input in
            Read(
                place: input.place,
                how: "reads `\(input.text)\(input.isLiteral && input.namesFolder ? "/" : "")`",
                ignorable: { _ in nil },
                meets: { input.overlaps($0.path) }
            ).following(LinkedPath(input.staticPrefix, root: root))
        }
        self.init(id: step.id, kind: .step, needs: step.needs, reads: reads)
    }
}
