/// A path of the project that leads through links: who reads or writes by one of its two names does so by both.

struct LinkedPath {
    /// As the configuration or a Dockerfile has it, relative to the root.
    let written: String
    /// Where it ends, relative to the root; there may be nothing yet.
    let real: String

    /// A path that a command uses; nil where there is no link on the way, and where it ends outside of the project.
    init?(_ path: String, root: String) {
        guard let end = LinkRoute(path, in: root, isConfined: false).end, end != path else { return nil }
        (written, real) = (path, end)
    }

    /// A path of a context, which is relative to the root.
    init?(_ path: String, context: String, root: String) {
        let folder = RelativePath.join(root, context)
        guard let base = LinkRoute(context, in: root, isConfined: false).end,
            let end = LinkRoute(path, in: folder, isConfined: true).end
        else { return nil }
        (written, real) = (RelativePath.join(context, path), RelativePath.join(base, end))
        if written == real { return nil }
    }

    /// What an output is to somebody who looks through the links; nil where they do not lead to it.
    func seen(_ output: OutputPath) -> OutputPath? {
        if output.covers(real) { return OutputPath(path: written, isDirectory: true) }
        return RelativePath.relative(output.path, to: real).map {
            OutputPath(path: RelativePath.join(written, $0), isDirectory: output.isDirectory)
        }
    }
}

extension Output {
    /// The same output by the name that the links on its path lead to.
    func linked(root: String) -> Output? {
        LinkedPath(path.path, root: root).map {
            Output(step: step, path: OutputPath(path: $0.real, isDirectory: path.isDirectory), place: place)
        }
    }
}

extension Read {
    /// The same reading, also of what the links on its way lead to.
    func following(_ linked: LinkedPath?) -> Read {
        guard let linked else { return self }
        var read = self
        read.meets = { [meets] output in
            meets(output)
                || linked.seen(output.path).map { meets(Output(step: output.step, path: $0, place: output.place)) }
                    ?? false
        }
        return read
    }
}
