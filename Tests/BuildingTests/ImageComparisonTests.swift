import OCI
import Testing

@testable import Building

@Suite struct ImageComparisonTests {
    private static func content(_ text: String) -> TreeNode.Kind {
        let bytes = Array(text.utf8)
        return .file(FileContent(size: bytes.count, digest: .sha256(of: bytes), source: .bytes(bytes)))
    }

    private static func files(
        _ nodes: [(String, TreeNode)],
        attributes: [String: [UInt8]] = [:],
        links: [String: String] = [:]
    ) -> ImageFiles {
        var marks = LayerMarks()
        marks.add(
            nodes.enumerated().map { number, node in
                let target = links[node.0].map { TarEntry.Kind.hardLink(target: $0) }
                let entry = TarEntry(path: node.0, kind: target ?? .file(size: 0), mode: 0)
                return TarMember(entry: entry, offset: number, attributes: attributes)
            }
        )
        return ImageFiles(FileTree(nodes.map { (TreePath($0.0), $0.1) }), marks)
    }

    private static func node(_ kind: TreeNode.Kind, _ mode: UInt16 = 0o644, user: Int = 0, group: Int = 0) -> TreeNode {
        TreeNode(kind, mode: mode, user: user, group: group)
    }

    private static func compare(_ here: ImageFiles, _ there: ImageFiles) -> ImageComparison {
        var comparison = ImageComparison()
        comparison.compare(here, there)
        return comparison
    }

    @Test(
        arguments: [
            (node(content("a")), node(content("a")), nil),
            (node(content("a")), node(content("b")), ("content", digest("a"), digest("b"))),
            (node(content("a")), node(content("bc")), ("size", "1", "2")),
            (node(content("a")), node(content("a"), 0o4755), ("mode", "0644", "4755")),
            (node(content("a")), node(content("a"), user: 1, group: 2), ("owner", "0:0", "1:2")),
            (node(content("a")), node(.directory), ("type", "file", "folder")),
            (node(.directory, 0o1777), node(.directory, 0o755), ("mode", "1777", "0755")),
            (node(.symbolicLink(target: "a")), node(.symbolicLink(target: "b")), ("link target", "a", "b")),
            // Links have no mode of their own.
            (node(.symbolicLink(target: "a"), 0o777), node(.symbolicLink(target: "a"), 0o755), nil),
            (
                node(.symbolicLink(target: "\u{e4}")), node(.symbolicLink(target: "a\u{308}")),
                ("link target", "\u{e4}", "a\u{308}")
            ),
            (
                node(.special(.characterDevice(major: 1, minor: 3))),
                node(.special(.characterDevice(major: 1, minor: 5))),
                ("device", "1:3", "1:5")
            ),
            (
                node(.special(.characterDevice(major: 1, minor: 3))), node(.special(.blockDevice(major: 1, minor: 3))),
                ("type", "character device", "block device")
            ),
            (node(.special(.fifo)), node(.special(.fifo)), nil),
        ] as [(TreeNode, TreeNode, (String, String, String)?)]
    )
    func `what differs of a path is told`(here: TreeNode, there: TreeNode, expected: (String, String, String)?) {
        let comparison = Self.compare(Self.files([("d/f", here)]), Self.files([("d/f", there)]))
        let wanted = expected.map { [ImageDifference(path: "/d/f", $0.0, $0.1, $0.2)] } ?? []
        #expect(comparison.differences == wanted)
        #expect(comparison.otherPaths == wanted.count && comparison.equalPaths == 1 - wanted.count)
    }

    private static func digest(_ text: String) -> String { "\(Digest.sha256(of: Array(text.utf8)))" }

    @Test func `paths that only one has are told in their order, several differences of a path one by one`() {
        let folder = Self.node(.directory)
        let here = Self.files([("a", folder), ("b", Self.node(Self.content("b"))), ("d", folder)])
        let there = Self.files([("b", Self.node(Self.content("bb"), 0o600, user: 3)), ("c", folder), ("d", folder)])
        let comparison = Self.compare(here, there)
        #expect(
            comparison.differences == [
                ImageDifference(path: "/a", "type", "folder", nil), ImageDifference(path: "/b", "mode", "0644", "0600"),
                ImageDifference(path: "/b", "owner", "0:0", "3:0"), ImageDifference(path: "/b", "size", "1", "2"),
                ImageDifference(path: "/c", "type", nil, "folder"),
            ]
        )
        #expect(comparison.equalPaths == 1 && comparison.otherPaths == 3)
    }

    @Test func `attributes are compared by name and bytes`() {
        let nodes = [("f", Self.node(Self.content("f")))]
        let here = Self.files(nodes, attributes: ["user.a": [0, 255], "user.b": [1]])
        let there = Self.files(nodes, attributes: ["user.a": [0, 255], "security.c": [16]])
        #expect(
            Self.compare(here, there).differences == [
                ImageDifference(path: "/f", "attribute security.c", nil, "0x10"),
                ImageDifference(path: "/f", "attribute user.b", "0x01", nil),
            ]
        )
    }

    @Test func `hard links that became files are counted, others differ`() {
        let nodes = ["a", "b", "c"].map { ($0, Self.node(Self.content("x"))) }
        let apart = Self.files(nodes)
        let linked = Self.files(nodes, links: ["b": "a"])
        #expect(Self.compare(linked, linked).differences.isEmpty)
        let unlinked = Self.compare(apart, linked)
        #expect(unlinked.differences.isEmpty && unlinked.unlinkedPaths == 2 && unlinked.equalPaths == 3)
        #expect(Self.compare(linked, apart).differences.map(\.what) == ["hard link to", "hard link to"])
        let other = Self.compare(Self.files(nodes, links: ["c": "b"]), linked)
        #expect(
            other.differences == [
                ImageDifference(path: "/b", "hard link to", "/b", "/a"),
                ImageDifference(path: "/c", "hard link to", "/b", nil),
            ]
        )
    }

    private static let changes: [(String, String?, String?, @Sendable (inout ImageConfiguration) -> Void)] = [
        ("cmd", nil, #"["a","b"]"#, { $0.execution.command = ["a", "b"] }),
        ("entrypoint", nil, #"["e"]"#, { $0.execution.entrypoint = ["e"] }),
        ("env NEW", nil, #""x""#, { $0.execution.environment.append("NEW=x") }),
        ("env PATH", #""/bin""#, #""/sbin""#, { $0.execution.environment[0] = "PATH=/sbin" }),
        ("exposed ports", nil, #"["1/tcp","2/udp"]"#, { $0.execution.exposedPorts = ["2/udp", "1/tcp"] }),
        (
            "healthcheck", nil, #"["CMD","true"], interval 5, retries 2"#,
            { configuration in
                var healthcheck = ImageConfiguration.Healthcheck()
                (healthcheck.test, healthcheck.interval, healthcheck.retries) = (["CMD", "true"], 5, 2)
                configuration.execution.healthcheck = healthcheck
            }
        ),
        ("label own", #""1""#, #""2""#, { $0.execution.labels["own"] = "2" }),
        ("onbuild", nil, #"["RUN a"]"#, { $0.execution.onBuild = ["RUN a"] }),
        ("platform", "linux/amd64", "linux/arm64/v8", { ($0.architecture, $0.variant) = ("arm64", "v8") }),
        ("shell", nil, #"["/bin/bash"]"#, { $0.execution.shell = ["/bin/bash"] }),
        ("stop signal", nil, "TERM", { $0.execution.stopSignal = "TERM" }),
        ("user", nil, "app", { $0.execution.user = "app" }),
        ("volumes", nil, #"["/v"]"#, { $0.execution.volumes = ["/v"] }),
        ("working directory", "/", "/w", { $0.execution.workingDirectory = "/w" }),
    ]

    private static let configuration: ImageConfiguration = {
        var configuration = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        configuration.execution.environment = ["PATH=/bin", "A=a"]
        configuration.execution.labels = ["own": "1", "added": "here"]
        return configuration
    }()

    @Test(arguments: changes.indices)
    func `what differs of a configuration is told`(number: Int) {
        let (name, here, there, change) = Self.changes[number]
        var other = Self.configuration
        change(&other)
        other.execution.labels["added"] = nil
        var comparison = ImageComparison()
        comparison.compare(Self.configuration, other, ignoring: ["added"])
        #expect(comparison.differences == [ImageDifference(name, here, there)])
    }

    @Test func `what means the same is no difference`() {
        var other = Self.configuration
        other.execution.environment = ["A=a", "PATH=/bin"]
        other.execution.workingDirectory = "/"
        other.execution.argumentsEscaped = true
        (other.created, other.author) = ("2020-01-01T00:00:00Z", "somebody")
        var comparison = ImageComparison()
        comparison.compare(Self.configuration, other)
        #expect(comparison.differences.isEmpty)
    }
}
