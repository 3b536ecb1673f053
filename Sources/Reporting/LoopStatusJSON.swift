/// A loop's status as one line of JSON: the contract of docs/commands.md.

extension LoopStatus {
    /// One object, without a line feed; fields that do not apply are left out.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", version)
            writer.member("pid", pid)
            writer.member("command", command)
            writer.member("project", project)
            writer.member("file", file)
            writer.member("registry", registry)
            writer.member("since", since)
            writer.member("ms", ms)
            writer.member("activity", activity.rawValue)
            writer.member("git", git.rawValue)
            writer.member("notes", notes ?? [])
            diagnostics.map(\.diagnostic).write(to: &writer)
            writer.key("nodes")
            writer.array(nodes) { $1.write(to: &$0) }
        }
        return writer.bytes
    }
}

extension LoopStatus.Entry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("node", node)
            writer.member("kind", kind)
            writer.member("status", status.rawValue)
            writer.member("since", since)
            writer.member("ms", ms)
            writer.member("reason", reason)
            writer.key("holds")
            writer.array(holds) { $1.write(to: &$0) }
            if let cause { cause.write(to: &writer) }
            writer.member("key", key)
            writer.member("ref", ref)
            writer.member("refs", refs)
            writer.member("digest", digest)
            build?.write(to: &writer)
            function?.write(to: &writer)
            guard let bases else { return }
            writer.key("bases")
            writer.array(bases) { $1.write(to: &$0) }
        }
    }
}

extension PinnedBase {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("reference", reference)
            writer.member("digest", digest)
            writer.member("confirmed", confirmed)
            writer.member("created", created)
        }
    }
}

extension LoopStatus.Waiting {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("reason", reason)
            writer.member("node", node)
            writer.member("path", path)
        }
    }
}

extension LoopStatus.Reason {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key("cause")
        writer.object { writer in
            writer.member("reason", reason)
            writer.member("paths", paths)
            writer.member("count", count)
            writer.member("edges", edges)
            if let bases { writer.member("bases", bases) }
            writer.member("text", text)
        }
    }
}
