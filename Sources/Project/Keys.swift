/// The keys of `.imgwatch` at each of its places: those that work, those that come later, and what else people write.

struct Keys {
    /// Where these keys stand, to be read after "is no key of".
    let owner: String
    let supported: [String]
    /// Keys of the design that a later version will know.
    let later: [String]

    static let project = Keys(
        owner: "the configuration",
        supported: [
            "registry", "aws", "steps", "images", "env", "timeout", "quiet", "parallel", "store-limit", "tag",
            "tag-moves", "revision", "compression", "builder", "platforms", "network", "secrets", "heads", "pull",
        ],
        later: ["trigger", "serve", "ready", "profiles", "notify"]
    )

    static let step = Keys(
        owner: "a step",
        supported: ["run", "inputs", "outputs", "needs", "env", "dir", "timeout", "on-change", "quiet"],
        later: ["trigger", "serve", "ready", "profiles", "notify"]
    )

    static let image = Keys(
        owner: "an image",
        supported: [
            "dockerfile", "context", "target", "args", "labels", "ignore", "needs", "push", "aliases", "tag",
            "tag-moves", "revision", "compression", "builder", "platforms", "network", "secrets", "heads", "pull",
            "deploy", "lambda",
        ],
        later: ["delta", "trigger", "serve", "ready", "profiles", "notify"]
    )

    static let deploy = Keys(
        owner: "a deploy",
        supported: ["run", "needs", "env", "dir", "timeout", "name"],
        later: ["trigger", "ready", "profiles", "notify"]
    )

    /// The keys of `builder: { … }`.
    static let command = Keys(owner: "a builder of one's own", supported: ["run", "env", "dir", "timeout"], later: [])

    static let cloud = Keys(
        owner: "`aws`",
        supported: ["region", "profile", "bucket", "project", "pipeline", "confirm"],
        later: []
    )

    static let function = Keys(
        owner: "`lambda`",
        supported: [
            "function", "role", "timeout", "memory", "environment", "architecture", "publish", "alias",
        ],
        later: []
    )

    /// The keys of `secrets: { ID: { … } }`.
    static let secret = Keys(owner: "a secret", supported: ["env", "file"], later: [])

    /// The keys of `args: { X: { image: NAME } }`.
    static let argument = Keys(owner: "an argument", supported: ["image"], later: [])

    /// What other tools call the same thing, where it is too far from our word to be taken for a slip.
    private static let elsewhere = [
        "depends_on": "needs", "depends-on": "needs", "requires": "needs", "deps": "needs", "command": "run",
        "cmd": "run", "cmds": "run", "script": "run", "environment": "env", "sources": "inputs", "watch": "inputs",
        "generates": "outputs", "build-args": "args", "build_args": "args", "buildArgs": "args", "tags": "aliases",
        "alias": "aliases", "platform": "platforms",
        "services": "images", "tasks": "steps", "exclude": "ignore", "cwd": "dir", "workdir": "dir",
        "file": "dockerfile", "deploys": "deploy",
    ]

    func problem(_ key: String, at place: Place) -> Diagnostic? {
        if supported.contains(key) { return nil }
        if later.contains(key) {
            return Diagnostic(
                id: Rule.notYet.id,
                place: place,
                reason: "`\(key)` is not supported yet by this version of imgwatch",
                remedy: "Take the key out; a later version will know it."
            )
        }
        return Diagnostic(
            id: Rule.unknownKey.id,
            place: place,
            reason: "`\(key)` is no key of \(owner)",
            remedy: remedy(for: key)
        )
    }

    private func remedy(for key: String) -> String {
        if let word = Self.elsewhere[key], supported.contains(word) { return "The key is called `\(word)` here." }
        let others = [Self.project, Self.step, Self.image, Self.deploy].filter { $0.supported.contains(key) }.map(
            \.owner
        )
        if !others.isEmpty { return "It is a key of \(others.joined(separator: " and of ")): put it there." }
        return Nearest.remedy(for: key, in: supported, plural: "keys of \(owner)")
    }
}
