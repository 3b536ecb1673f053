/// Outputs belong to one step each: finds those that meet, within a step or between two.

import Graph

struct Output {
    var step: NodeID
    var path: OutputPath
    var place: Place
}

enum OutputCheck {
    /// `layout` is the folder of the OCI layout that imgwatch itself writes, where it lies in the project.
    static func problems(_ outputs: [Output], layout: String?) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for (at, output) in outputs.enumerated() {
            if let layout, meet(output.path.path, layout) {
                problems.append(
                    Diagnostic(
                        id: Rule.overlap.id,
                        place: output.place,
                        reason:
                            "the output `\(output.path.path)` meets `\(layout)`, where imgwatch writes its OCI layout",
                        remedy: "Give one of the two another folder."
                    )
                )
            }
            guard let earlier = outputs[..<at].first(where: { meet($0.path.path, output.path.path) }) else { continue }
            problems.append(problem(output, with: earlier))
        }
        return problems
    }

    private static func problem(_ output: Output, with earlier: Output) -> Diagnostic {
        let isSame = output.path.path == earlier.path.path
        let relation =
            isSame
            ? "is an output"
            : earlier.path.covers(output.path.path)
                ? "lies in the output `\(earlier.path.path)`" : "holds the output `\(earlier.path.path)`"
        let whose = earlier.step == output.step ? "of the same step" : "of the step `\(earlier.step)`"
        return Diagnostic(
            id: Rule.overlap.id,
            place: output.place,
            reason: "the output `\(output.path.path)` \(relation) \(whose) (line \(earlier.place.line ?? 0))"
                + (isSame ? " too" : "") + ", but only one may name a path",
            remedy: earlier.step == output.step
                ? "Name the outer one only."
                : "Let each step write to a folder of its own, or make one step of the two."
        )
    }

    private static func meet(_ a: String, _ b: String) -> Bool {
        OutputPath(path: a, isDirectory: true).covers(b) || OutputPath(path: b, isDirectory: true).covers(a)
    }
}
