/// An event as a line of JSON: the contract of docs/events.md.

import Engine
import Graph
import Project

extension LoopEvent {
    /// One object, without a line feed; fields that do not apply are left out.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("event", event.rawValue)
            if event == .ready { writer.member("version", Self.version) }
            writer.member("time", time.rfc3339)
            writeProject(to: &writer)
            writer.member("node", node?.name)
            writer.member("kind", kind?.rawValue)
            writer.member("round", round)
            writer.member("key", key)
            writer.member("ref", ref)
            if !refs.isEmpty { writer.member("refs", refs) }
            writer.member("digest", digest)
            writeWhy(to: &writer)
            writer.member("reason", reason)
            writer.member("ms", ms)
            writer.member("layers", layers)
            writer.member("bytes", bytes)
            writer.member("stream", stream?.rawValue)
            writer.member("line", line)
            if !diagnostics.isEmpty { diagnostics.write(to: &writer) }
        }
        return writer.bytes
    }

    private func writeProject(to writer: inout JSONWriter) {
        writer.member("project", project)
        writer.member("registry", registry)
        guard event == .ready || event == .reloaded else { return }
        writer.key("nodes")
        writer.array(nodes) { writer, member in
            writer.object { writer in
                writer.member("node", member.node.name)
                writer.member("kind", member.kind.rawValue)
            }
        }
    }

    private func writeWhy(to writer: inout JSONWriter) {
        if let cause {
            writer.key("cause")
            writer.object { writer in
                writer.member("reason", cause.reason.rawValue)
                writer.member("paths", cause.paths)
                writer.member("count", cause.pathCount)
                writer.member("edges", cause.edges.map(\.name))
                if !cause.bases.isEmpty { writer.member("bases", cause.bases) }
            }
        }
        guard !holds.isEmpty else { return }
        writer.key("holds")
        writer.array(holds.map(LoopStatus.Waiting.init)) { $1.write(to: &$0) }
    }
}

extension [Diagnostic] {
    /// `{"diagnostics":[{id, severity, file, line, column, reason, remedy, fix}]}` on one line, without a line feed;
    /// what a diagnostic does not have is left out.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { write(to: &$0) }
        return writer.bytes
    }

    func write(to writer: inout JSONWriter) {
        writer.key("diagnostics")
        writer.array(self) { writer, diagnostic in
            writer.object { writer in
                writer.member("id", diagnostic.id)
                writer.member("severity", diagnostic.severity.rawValue)
                writer.member("file", diagnostic.place.file)
                writer.member("line", diagnostic.place.line)
                writer.member("column", diagnostic.place.column)
                writer.member("reason", diagnostic.reason)
                writer.member("remedy", diagnostic.remedy)
                writer.member("fix", diagnostic.fix)
            }
        }
    }
}
