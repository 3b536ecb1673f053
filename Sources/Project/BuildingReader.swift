/// Reads who makes an image as typed.

import Dockerfile

extension ProjectFileReader {
    /// `builder`, `platforms`, `network`, `secrets`, `heads` and `pull`: those of the image, else those at the top;
    /// of two secrets with one id the image's.
    mutating func building(
        _ fields: [String: Tree],
        else inherited: ImageBuilding,
        in file: ProjectFile
    ) -> ImageBuilding {
        var building = inherited
        if let tree = fields["builder"] {
            (building.builder, building.command) = (.automatic, nil)
            if case .mapping = tree.content {
                building.command = buildCommand(tree, in: file)
            } else {
                building.builder = word(tree, "`builder`", Builder.self, plural: "builders") ?? inherited.builder
            }
        }
        if let tree = fields["platforms"] { building.platforms = platforms(tree) ?? inherited.platforms }
        if let tree = fields["network"] {
            building.network = word(tree, "`network`", RunNetwork.self, plural: "networks")?.engineName
        }
        if let tree = fields["heads"] {
            building.sharesHeads = word(tree, "`heads`", HeadPlace.self, plural: "places of heads") == .registry
        }
        if let tree = fields["pull"] {
            building.pull = word(tree, "`pull`", PullPolicy.self, plural: "policies") ?? inherited.pull
        }
        for secret in fields["secrets"].map({ secrets($0) }) ?? [] {
            building.secrets.removeAll { $0.id == secret.id }
            building.secrets.append(secret)
        }
        return building
    }

    /// nil where none is right.
    private mutating func platforms(_ tree: Tree) -> [String]? {
        var platforms: [String] = []
        let texts = values.texts(tree, "`platforms`")
        for text in texts {
            // As docker has them, and a variable.
            for word in text.value.split(separator: ",", omittingEmptySubsequences: false) {
                let word = word.trimmingPrefix { $0 == " " }
                guard let name = PlatformName.normalized(String(word)), word.contains("/"), name.hasPrefix("linux/")
                else {
                    values.report(
                        .value,
                        text.place,
                        "`\(word)` is no platform that images are made for",
                        "Write it like `linux/amd64`, `linux/arm64` or `linux/arm/v7`."
                    )
                    continue
                }
                if !platforms.contains(name) { platforms.append(name) }
            }
        }
        if texts.isEmpty, case .sequence = tree.content {
            values.report(.value, tree.place, "`platforms` names none", "Name one, or leave the key away.")
        }
        return platforms.isEmpty ? nil : platforms
    }

    private mutating func buildCommand(_ tree: Tree, in file: ProjectFile) -> BuildCommand? {
        let fields = values.fields(tree, .command, of: "`builder`")
        let entry = Tree.Entry(key: "builder", place: tree.place, value: tree)
        guard let command = command(fields["run"], of: "`builder`", in: entry) else { return nil }
        return BuildCommand(
            command,
            environment: environment(fields["env"], for: command, in: file),
            directory: directory(fields["dir"]).value,
            timeout: fields["timeout"].map { values.duration($0, "`timeout`", allowsZero: false) } ?? file.timeout
        )
    }

    /// One of the words that there are.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ tree: Tree,
        _ what: String,
        _ type: Word.Type,
        plural: String
    ) -> Word? where Word.RawValue == String {
        guard let text = values.text(tree, what) else { return nil }
        if let known = Word(rawValue: text.value) { return known }
        values.report(
            .value,
            text.place,
            "\(what) cannot be `\(text.value)`",
            Nearest.remedy(for: text.value, in: Word.allCases.map(\.rawValue), plural: plural)
        )
        return nil
    }

    private mutating func secrets(_ tree: Tree) -> [Secret] {
        values.entries(tree, of: "`secrets`", like: "token: { env: TOKEN }").compactMap { entry in
            let what = "the secret `\(entry.key)`"
            guard case .mapping = entry.value.content else {
                return values.text(entry.value, what).map { Secret(id: entry.key, .file(file($0))) }
            }
            let fields = values.fields(entry.value, .secret, of: what)
            if let name = fields["env"].flatMap({ values.text($0, "`env`") }) {
                return Secret(id: entry.key, .variable(name.value))
            }
            if let path = fields["file"].flatMap({ values.text($0, "`file`") }) {
                return Secret(id: entry.key, .file(file(path)))
            }
            values.report(
                .missingKey,
                entry.place,
                "\(what) says neither where its file is nor in which variable it is",
                "Write `\(entry.key): { env: NAME }`, or `\(entry.key): { file: PATH }`."
            )
            return nil
        }
    }

    /// It may lie outside of the project.
    private func file(_ text: Placed<String>) -> String { AbsolutePath.clean(text.value, in: root) }
}

/// What `docker build --network` takes.
private enum RunNetwork: String, CaseIterable {
    case standard = "default"
    case host, none

    var engineName: String? { self == .standard ? nil : rawValue }
}

/// Where heads are kept: on this machine alone, or in the registry as well.
private enum HeadPlace: String, CaseIterable {
    case local, registry
}
