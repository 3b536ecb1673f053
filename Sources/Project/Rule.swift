/// The stable ids of this module's diagnostics, each explained in docs/diagnostics.md.

enum Rule: String, CaseIterable {
    case missing = "config-missing"
    case unreadable = "config-unreadable"
    case empty = "config-empty"
    case yaml = "config-yaml"
    case tab = "config-tab"
    case size = "config-too-large"
    case duplicateKey = "config-duplicate-key"
    case unknownKey = "config-unknown-key"
    case missingKey = "config-missing-key"
    case notYet = "config-not-yet"
    case type = "config-type"
    case value = "config-value"
    case name = "config-name"
    case sameName = "config-same-name"
    case unknownName = "config-unknown-name"
    case cycle = "config-cycle"
    case path = "config-path"
    case missingFile = "config-missing-file"
    case pattern = "config-pattern"
    case output = "config-output"
    case overlap = "config-overlap"
    case duration = "config-duration"
    case variable = "config-variable"
    case environmentFile = "config-env-file"
    case alias = "config-alias"
    case label = "config-label"
    case registry = "config-registry"
    case madeDockerfile = "config-made-dockerfile"
    case layoutRead = "config-layout-read"
    case missingInput = "missing-input"
    case race

    var id: String { rawValue }
}
