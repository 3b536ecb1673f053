/// What the steps write, by the names that the configuration has for it and by those that links lead to.

import Project

struct WrittenPaths: Equatable, Sendable {
    /// Relative to the root.
    private(set) var paths: [OutputPath]
    /// The links on the way to outputs, and where they lead, relative to the root: once something else is there, steps
    /// may write elsewhere.
    private(set) var turns: Set<String> = []

    init(of project: Project) {
        paths = project.steps.flatMap(\.outputs)
        for output in paths {
            let route = LinkRoute(output.path, in: project.root, isConfined: false)
            guard !route.links.isEmpty else { continue }
            turns.formUnion(route.links + (route.end.map { [$0] } ?? []))
            guard let end = route.end else { continue }
            paths.append(OutputPath(path: end, isDirectory: output.isDirectory))
        }
    }

    /// By which what the one calls written and the other does not.
    func differences(from other: Self) -> [OutputPath] { Array(Set(paths).symmetricDifference(other.paths)) }
}
