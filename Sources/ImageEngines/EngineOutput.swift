/// What engines print while they build: the steps, what the steps print, and why one failed.

/// One thing that an engine told.
package enum EngineEvent: Equatable, Sendable {
    /// A step of the Dockerfile begins; as the engine calls it.
    case step(String)
    /// The step was done before, and nothing of it runs: its number, as the engine shows it.
    case cached(String)
    /// One line that a step printed.
    case output(String)
}

/// A step of the Dockerfile as an engine counts it.
package struct EngineStep: Equatable, Sendable {
    /// The instruction as the engine shows it.
    package var text: String
    /// The stage's name, or its number from 1; nil where there is one stage only.
    package var stage: String?
    /// From 1; what is counted differs between BuildKit and buildah.
    package var number: Int
    package var isOfBuildKit: Bool
}

/// Reads an engine's output line by line.
struct EngineOutput {
    enum Form { case buildkit, buildah, plain }

    private let form: Form
    /// BuildKit's vertices by their numbers: their names, and the last lines that they printed.
    private var steps: [Substring: String] = [:]
    private var logs: [Substring: [String]] = [:]
    /// The vertex that failed, and why.
    private var failure: (vertex: Substring, reason: String)?
    /// buildah: the step that is under way.
    private var current: String?
    /// The last lines, whatever they are.
    private var last: [String] = []
    private var line: Int?
    /// BuildKit's block at the end tells what was told already.
    private var isOver = false

    /// Of a failing instruction the diagnostic shows so many lines.
    static let mostLines = 20

    init(_ form: Form) { self.form = form }

    mutating func read(_ line: String) -> [EngineEvent] {
        guard !line.allSatisfy(\.isWhitespace) else { return [] }
        Self.keep(line, in: &last)
        switch form {
        case .buildkit: return readBuildKit(line)
        case .buildah: return readBuildah(line)
        case .plain: return []
        }
    }

    private static func keep(_ line: String, in lines: inout [String]) {
        if lines.count == mostLines { lines.removeFirst() }
        lines.append(line)
    }

    // MARK: BuildKit

    private mutating func readBuildKit(_ line: String) -> [EngineEvent] {
        if line == "------" { isOver = true }
        if let place = line.wholeMatch(of: /Dockerfile:(\d+)/) { self.line = Int(place.1) }
        guard !isOver, line.first == "#", let space = line.firstIndex(of: " ") else { return [] }
        let (vertex, text) = (
            line[line.index(after: line.startIndex)..<space], String(line[line.index(after: space)...])
        )
        guard let name = steps[vertex] else {
            steps[vertex] = text
            return Self.step(text) == nil ? [] : [.step(text)]
        }
        if text == name || text.hasPrefix("sha256:") || text == "..." { return [] }
        if text.hasPrefix("ERROR: ") {
            failure = (vertex, String(text.dropFirst("ERROR: ".count)))
            return []
        }
        guard Self.step(name) != nil, !text.hasPrefix("DONE ") else { return [] }
        if text == "CACHED" { return [.cached(String(name.prefix { $0 != "]" }) + "]")] }
        guard let printed = text.wholeMatch(of: /\d+\.\d+ (.*)/) else { return [] }
        Self.keep(String(printed.1), in: &logs[vertex, default: []])
        return [.output(String(printed.1))]
    }

    /// `[2/4] RUN make`, `[build 2/4] RUN make`, with a platform before it where there are several.
    private static func step(_ name: String) -> EngineStep? {
        guard let match = name.wholeMatch(of: /\[(?:linux\/\S+ )?(?:(\S+) )? *(\d+)\/\d+\] (.*)/),
            let number = Int(match.2)
        else { return nil }
        return EngineStep(text: String(match.3), stage: match.1.map { String($0) }, number: number, isOfBuildKit: true)
    }

    // MARK: buildah

    /// Whether a line begins a step as buildah counts them.
    static func beginsBuildahStep(_ line: String) -> Bool { buildahStep(line) != nil }

    private mutating func readBuildah(_ line: String) -> [EngineEvent] {
        if line.hasPrefix("STEP ") || line.hasPrefix("["), Self.buildahStep(line) != nil {
            current = line
            logs = [:]
            return [.step(line)]
        }
        if line.hasPrefix("--> Using cache ") {
            return current.map { [.cached(String($0.prefix { $0 != ":" }))] } ?? []
        }
        if Self.isOfItself(line) { return [] }
        Self.keep(line, in: &logs["", default: []])
        return [.output(line)]
    }

    /// `STEP 2/4: RUN make`, `[1/2] STEP 2/4: RUN make`.
    private static func buildahStep(_ line: String) -> EngineStep? {
        guard let match = line.wholeMatch(of: /(?:\[(\d+)\/\d+\] )?STEP (\d+)(?:\/\d+)?: (.*)/),
            let number = Int(match.2)
        else { return nil }
        return EngineStep(text: String(match.3), stage: match.1.map { String($0) }, number: number, isOfBuildKit: false)
    }

    /// What no step printed: the image's digest, and the platform's arguments, which nobody gave.
    private static func isOfItself(_ line: String) -> Bool {
        line.hasPrefix("-->") || line.hasPrefix("COMMIT") || line.wholeMatch(of: /\[\d+\/\d+\] COMMIT.*/) != nil
            || line.hasPrefix("[Warning] one or more build args were not consumed: [TARGET")
            || line.utf8.count == 64 && line.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }

    // MARK: Failures

    /// How BuildKit calls the step in which it gets the language of `# syntax=`.
    private static let frontend = "resolve image config for "

    /// What a program that ended with this status failed at.
    func problem(_ status: Int32, of kind: EngineKind) -> EngineProblem {
        if let reason = unavailability { return EngineProblem(.unavailable, reason, remedy: ImageEngine.remedy(kind)) }
        var problem = EngineProblem(.build, "", remedy: "")
        switch form {
        case .buildkit:
            let step = failure.flatMap { steps[$0.vertex] }.flatMap(Self.step)
            problem.step = step
            problem.log = failure.flatMap { logs[$0.vertex] } ?? []
            problem.lacksFrontend = failure.flatMap { steps[$0.vertex] }?.hasPrefix(Self.frontend) == true
            problem.reason = Self.sentence(
                failure?.reason ?? last.last ?? "it exited with status \(status)",
                step,
                kind
            )
        case .buildah:
            let step = current.flatMap(Self.buildahStep)
            problem.step = step
            problem.log = (logs[""] ?? []).filter {
                !Self.isError($0) && !$0.hasPrefix("subprocess exited with status")
            }
            // What goes wrong with the end of a container comes before what went wrong with the build.
            let said = last.last { $0.contains("building at STEP") } ?? last.first { Self.isError($0) } ?? last.last
            problem.reason = Self.sentence(said ?? "", step, kind)
        case .plain: problem.reason = "\(kind.program): " + (last.last ?? "it exited with status \(status)")
        }
        problem.line = line
        problem.remedy =
            problem.step == nil
            ? "see what \(kind.program) says" : "mend it, or what it needs"
        if last.contains(where: Self.saysFullDisk) || problem.log.contains(where: Self.saysFullDisk) {
            problem.reason += ": no space is left"
            problem.remedy = "make room, as by `\(Self.prune(kind))`, and `imgwatch retry`"
        }
        return problem
    }

    /// Removes what the engine keeps for later builds.
    private static func prune(_ kind: EngineKind) -> String {
        switch kind {
        case .docker: "docker builder prune"
        case .buildkit: "buildctl prune"
        case .buildah: "buildah rmi --prune"
        case .podman: "podman image prune"
        }
    }

    private static func saysFullDisk(_ line: String) -> Bool { line.lowercased().contains("no space left on device") }

    private static func isError(_ line: String) -> Bool {
        line.hasPrefix("error ") || line.hasPrefix("Error: ") || line.hasPrefix("panic: ")
            || line.contains("level=error")
    }

    /// The instruction and its exit code, where that is what happened; else the engine's own words.
    private static func sentence(_ reason: String, _ step: EngineStep?, _ kind: EngineKind) -> String {
        let code = reason.firstMatch(of: /(?:exit code: |exit status )(\d+)/).map { String($0.1) }
        guard let step else { return "\(kind.program): \(reason)" }
        if let code { return "`\(step.text)` exited with status \(code)" }
        return "`\(step.text)`: \(reason)"
    }

    /// Not the Dockerfile is to blame, but what should build it; what steps print says nothing of that.
    private var unavailability: String? {
        guard form != .buildah, failure == nil else { return nil }
        return last.last { line in
            !line.hasPrefix("#") && Self.signsOfAbsence.contains { line.contains($0) }
        }
    }

    private static let signsOfAbsence = [
        "Cannot connect to the Docker daemon", "error during connect", "failed to dial", "connection refused",
        "no such host", "permission denied while trying to connect", "Is the docker daemon running",
        "transport is closing", "closed network connection", "unexpected EOF", "error reading from server: EOF",
        "connection reset by peer",
    ]
}
