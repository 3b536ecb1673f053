/// The build arguments: those that are given, those that the platform gives, and the `ARG` lines above the first FROM.

struct BuildArguments {
    let given: VariableTable
    /// What a FROM sees, and what an `ARG` without a value takes its value from.
    private(set) var globals: VariableTable
    private(set) var problems: [DockerfileProblem] = []

    init(_ options: EvaluationOptions, target: String?, of file: Dockerfile) {
        let given = VariableTable(options.arguments.map { ($0.key, $0.value) })
        self.given = given
        let predefined = Self.predefined(options.platform, builtOn: options.buildPlatform, target: target)
        globals = VariableTable(predefined.map { ($0.key, given[$0.key] ?? $0.value) })
        let expansion = Expansion(escape: file.escape)
        for instruction in file.globals {
            guard case .arguments(let arguments) = instruction.kind else { continue }
            for argument in arguments {
                do throws(Mistake) {
                    if let value = given[argument.name] {
                        globals[argument.name] = value
                    } else if let value = argument.value {
                        globals[argument.name] = try expansion.text(value, globals)
                    }
                } catch {
                    problems.append(instruction.place.problem(error))
                }
            }
        }
    }

    /// What has a value without an `ARG`.
    static let predefinedNames = predefined("", builtOn: "", target: nil).keys.sorted()

    private static func predefined(
        _ platform: String,
        builtOn machine: String,
        target: String?
    ) -> [String: String] {
        var values = ["TARGETSTAGE": target.flatMap { $0.isEmpty ? nil : $0 } ?? "default"]
        for (prefix, platform) in [("BUILD", machine), ("TARGET", platform)] {
            let parts = platform.split(separator: "/", maxSplits: 2).map(String.init) + ["", "", ""]
            values[prefix + "PLATFORM"] = platform
            values[prefix + "OS"] = parts[0]
            values[prefix + "OSVERSION"] = ""
            values[prefix + "ARCH"] = parts[1]
            values[prefix + "VARIANT"] = parts[2]
        }
        return values
    }
}

/// An operating system, an architecture and its variant, the usual other names replaced.
struct Platform: Equatable {
    var system: String
    var architecture: String
    var variant: String

    /// The other platform gives what a short form leaves open (`arm64`, `linux`); nil for what is no platform.
    init?(_ text: String, like other: Platform? = nil) {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isValid = parts.allSatisfy { part in
            !part.isEmpty
                && part.unicodeScalars.allSatisfy {
                    $0.isASCIILetter || $0.isASCIIDigit || $0 == "_" || $0 == "-" || $0 == "."
                }
        }
        guard isValid, parts.count < 4 else { return nil }
        let systems = ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd"]
        if parts.count > 1 {
            (system, architecture) = (parts[0], parts[1])
            variant = parts.count > 2 ? parts[2] : ""
        } else if systems.contains(parts[0]) {
            (system, architecture, variant) = (parts[0], other?.architecture ?? "amd64", other?.variant ?? "")
        } else {
            (system, architecture, variant) = (other?.system ?? "linux", parts[0], "")
        }
        architecture =
            ["x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"][architecture] ?? architecture
        if architecture == "arm64", variant == "v8" { variant = "" }
        if architecture == "amd64", variant == "v1" { variant = "" }
        if architecture == "arm", variant.isEmpty { variant = "v7" }
    }

    var text: String { [system, architecture, variant].filter { !$0.isEmpty }.joined(separator: "/") }
}
