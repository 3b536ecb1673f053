/// Reads what of AWS a project uses, as typed.

import Dockerfile
import Graph

extension ProjectFileReader {
    mutating func cloud(_ tree: Tree) -> Placed<CloudSettings> {
        let fields = values.fields(tree, .cloud, of: "`aws`")
        var settings = CloudSettings(project: "imgwatch-{project}")
        settings.region = fields["region"].flatMap { values.text($0, "`region`")?.value }
        settings.profile = fields["profile"].flatMap { values.text($0, "`profile`")?.value }
        if let profile = settings.profile { cloudNames = CloudNames(folder: root, profile: profile) }
        let project = fields["project"].flatMap { values.text($0, "`project`") }
        settings.project = cloudName(project ?? Placed(value: settings.project, place: tree.place), "`project`")
        settings.bucket = fields["bucket"].flatMap { values.text($0, "`bucket`") }.map { cloudName($0, "`bucket`") }
        settings.pipeline = fields["pipeline"].flatMap { values.text($0, "`pipeline`") }
            .map { cloudName($0, "`pipeline`") }
        settings.confirms = fields["confirm"].flatMap { values.bool($0, "`confirm`") } ?? false
        return Placed(value: settings, place: tree.place)
    }

    /// `{project}` and the like filled in.
    private mutating func cloudName(_ text: Placed<String>, _ what: String, image: String? = nil) -> String {
        do throws(NameFault) {
            return try cloudNames.filled(text.value, image: image)
        } catch {
            values.report(.value, text.place, "\(what) \(error.reason)", error.remedy)
            return text.value
        }
    }

    /// The deploy that gives a function its image.
    mutating func function(_ tree: Tree, of image: ImageEntry) -> DeployEntry? {
        var fields: [String: Tree] = ["function": tree]
        if case .mapping = tree.content {
            fields = values.fields(tree, .function, of: "`lambda`")
            if fields["function"] == nil {
                values.report(
                    .missingKey,
                    tree.place,
                    "`lambda` names no function",
                    "Write `lambda: { function: NAME }`; `{project}`, `{profile}` and `{image}` may stand in the name."
                )
            }
        }
        guard let name = fields["function"].flatMap({ values.text($0, "`function`") }) else { return nil }
        let platform = image.building.platforms.first ?? Loader.hostPlatform
        var function = CloudFunction(
            cloudName(name, "`function`", image: image.id.name),
            architecture: CloudFunction.architecture(of: platform)
        )
        if let tree = fields["architecture"],
            let word = word(tree, "`architecture`", FunctionArchitecture.self, plural: "architectures")
        {
            function.architecture = word.rawValue
        }
        function.role = fields["role"].flatMap { values.text($0, "`role`")?.value }
        function.timeout = fields["timeout"].flatMap { functionTimeout($0) }
        function.memory = fields["memory"].flatMap { values.count($0, "`memory`", in: 128...10_240) }
        function.environment = fields["environment"].map { values.environment($0) }
        function.publishes = fields["publish"].flatMap { values.bool($0, "`publish`") } ?? false
        function.alias = fields["alias"].flatMap { values.text($0, "`alias`")?.value }
        if function.alias != nil { function.publishes = true }
        let id = NodeID("\(image.id)/\(Self.functionNode)")
        var deploy = DeployEntry(id: id, image: image.id, place: tree.place)
        deploy.function = function
        deploy.needs = needs(nil, of: Tree.Entry(key: id.name, place: tree.place, value: tree))
        return deploy
    }

    /// In whole seconds, as many as Lambda has.
    private mutating func functionTimeout(_ tree: Tree) -> Duration? {
        guard let timeout = values.duration(tree, "`timeout`", allowsZero: false) else { return nil }
        guard timeout.components.attoseconds == 0, timeout <= .seconds(900) else {
            values.report(
                .duration,
                tree.place,
                "`timeout` of a function can't be that",
                "Write whole seconds, from `1s` to `15m`."
            )
            return nil
        }
        return timeout
    }

    /// After the image's name and a slash.
    private static let functionNode = "lambda"
}

enum FunctionArchitecture: String, CaseIterable { case x86_64, arm64 }

/// What may stand in the names of things that AWS keeps.
struct CloudNames {
    let project: String
    /// nil: that of the AWS CLI without a name.
    let profile: String?

    /// The project is called after its folder, in the letters that all of AWS takes.
    init(folder: String, profile: String?) {
        let letters = (folder.split(separator: "/").last ?? "").lowercased().utf8.map { byte -> UInt8 in
            ImageReference.isAlphanumeric(byte) ? byte : UInt8(ascii: "-")
        }
        let words = letters.split(separator: UInt8(ascii: "-")).map { String(decoding: $0, as: UTF8.self) }
        project = words.isEmpty ? "project" : words.joined(separator: "-")
        self.profile = profile
    }

    func filled(_ text: String, image: String?) throws(NameFault) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "{") {
            result += rest[..<start]
            guard let end = rest[start...].firstIndex(of: "}") else {
                throw NameFault(
                    reason: "has a `{` without its `}` in `\(text)`",
                    remedy: "Write `{project}`, or take the `{` out."
                )
            }
            let word = rest[rest.index(after: start)..<end]
            switch (word, image) {
            case ("project", _): result += project
            case ("profile", _): result += profile ?? "default"
            case ("image", let image?): result += image
            default:
                throw NameFault(
                    reason: "has `{\(word)}` in `\(text)`, which stands for nothing there",
                    remedy: image == nil
                        ? "Write `{project}` or `{profile}`." : "Write `{project}`, `{profile}` or `{image}`."
                )
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
