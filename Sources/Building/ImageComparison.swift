/// What two images have differently: file by file, and in how a container of them is run; times are not looked at.

package import OCI

/// One thing that is so in one image, and not in the other.
package struct ImageDifference: Equatable, Sendable {
    /// An absolute path; nil: the configuration.
    package var path: String?
    /// `type`, `mode`, `content`, …; of the configuration `user`, `env PATH`, ….
    package var what: String
    /// nil where there is nothing.
    package var here: String?
    package var there: String?

    package init(path: String? = nil, _ what: String, _ here: String?, _ there: String?) {
        (self.path, self.what, self.here, self.there) = (path, what, here, there)
    }
}

package struct ImageComparison: Equatable, Sendable {
    /// Paths that are the same in both.
    package private(set) var equalPaths = 0
    /// Paths that are not.
    package private(set) var otherPaths = 0
    /// Paths that are names of one file there, and files of their own here: all that the assembler copies is so.
    package private(set) var unlinkedPaths = 0
    /// In the order of the paths, those of the configuration last.
    package private(set) var differences: [ImageDifference] = []

    package init() {}

    /// Goes through both in the order of their paths.
    package mutating func compare(_ here: ImageFiles, _ there: ImageFiles) {
        var (left, right) = (here.files[...], there.files[...])
        while let path = [left.first?.path, right.first?.path].compactMap(\.self).min() {
            let one = left.first?.path == path ? left.removeFirst().file : nil
            let other = right.first?.path == path ? right.removeFirst().file : nil
            let found = differences(path, one, other)
            differences += found
            if found.isEmpty { equalPaths += 1 } else { otherPaths += 1 }
        }
    }

    private mutating func differences(
        _ path: TreePath,
        _ here: ImageFiles.File?,
        _ there: ImageFiles.File?
    ) -> [ImageDifference] {
        let place = "/" + path.text
        guard let here, let there, here.node.kind.name == there.node.kind.name else {
            return [ImageDifference(path: place, "type", here?.node.kind.name, there?.node.kind.name)]
        }
        var found = Differences(path: place)
        if here.node.linkTarget == nil { found.add("mode", here.node.modeText, there.node.modeText) }
        found.add("owner", here.node.ownerText, there.node.ownerText)
        found.add("link target", here.node.linkTarget, there.node.linkTarget)
        found.add("device", here.node.kind.device, there.node.kind.device)
        if let one = here.node.content, let other = there.node.content {
            if one.size == other.size {
                found.add("content", "\(one.digest)", "\(other.digest)")
            } else {
                found.add("size", "\(one.size)", "\(other.size)")
            }
        }
        for name in Set(here.attributes.keys).union(there.attributes.keys).sorted() {
            found.add("attribute \(name)", here.attributes[name].map(Self.hex), there.attributes[name].map(Self.hex))
        }
        if here.firstName == nil, there.firstName != nil {
            unlinkedPaths += 1
        } else {
            found.add("hard link to", here.firstName.map { "/" + $0.text }, there.firstName.map { "/" + $0.text })
        }
        return found.all
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Labels of the names in `ignoring` are not looked at.
    package mutating func compare(
        _ here: ImageConfiguration,
        _ there: ImageConfiguration,
        ignoring labels: Set<String> = []
    ) {
        var found = Differences(path: nil)
        let (one, other) = (here.values, there.values)
        for name in Set(one.keys).union(other.keys).sorted() where !labels.contains(where: { "label \($0)" == name }) {
            found.add(name, one[name], other[name])
        }
        differences += found.all
    }
}

/// Those of one place.
private struct Differences {
    let path: String?
    private(set) var all: [ImageDifference] = []

    init(path: String?) { self.path = path }

    mutating func add(_ what: String, _ here: String?, _ there: String?) {
        let isSame = here.map { ExactText($0) } == there.map { ExactText($0) }
        if !isSame { all.append(ImageDifference(path: path, what, here, there)) }
    }
}

extension TreeNode {
    fileprivate var modeText: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    fileprivate var ownerText: String { "\(user):\(group)" }
}

extension TreeNode.Kind {
    fileprivate var name: String {
        switch self {
        case .directory: "folder"
        case .file: "file"
        case .symbolicLink: "link"
        case .special(.characterDevice): "character device"
        case .special(.blockDevice): "block device"
        case .special: "pipe"
        }
    }

    fileprivate var device: String? {
        switch self {
        case .special(.characterDevice(let major, let minor)), .special(.blockDevice(let major, let minor)):
            "\(major):\(minor)"
        default: nil
        }
    }
}

extension ImageConfiguration {
    /// What decides how a container is run, each under a name; without what is empty, or says what goes without saying.
    fileprivate var values: [String: String] {
        var values = execution.values
        values["platform"] = platform
        return values
    }
}

extension ImageConfiguration.Execution {
    fileprivate var values: [String: String] {
        var values: [String: String] = [:]
        func set(_ name: String, _ texts: [String]) {
            if !texts.isEmpty { values[name] = Self.text(.texts(texts)) }
        }
        for variable in environment {
            let name = variable.prefix { $0 != "=" }
            values["env \(name)"] = Self.text(.text(String(variable.dropFirst(name.count + 1))))
        }
        for (name, value) in labels { values["label \(name.text)"] = Self.text(.text(value)) }
        set("entrypoint", entrypoint)
        set("cmd", command)
        set("shell", shell)
        set("onbuild", onBuild)
        set("exposed ports", exposedPorts.map(\.text).sorted())
        set("volumes", volumes.map(\.text).sorted())
        if !user.isEmpty { values["user"] = user }
        if !stopSignal.isEmpty { values["stop signal"] = stopSignal }
        values["working directory"] = workingDirectory.isEmpty ? "/" : workingDirectory
        if let healthcheck { values["healthcheck"] = healthcheck.text }
        return values
    }

    private static func text(_ json: JSON) -> String { String(decoding: json.encoded(), as: UTF8.self) }
}

extension ImageConfiguration.Healthcheck {
    /// Durations in nanoseconds, as the configuration has them.
    fileprivate var text: String {
        let command = String(decoding: JSON.texts(test).encoded(), as: UTF8.self)
        let numbers = [
            ("interval", interval), ("timeout", timeout), ("start period", startPeriod),
            ("start interval", startInterval), ("retries", Int64(retries)),
        ]
        return ([command] + numbers.filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
    }
}
