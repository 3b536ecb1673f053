import Building
import Graph
import OCI
import Testing

@testable import imgwatch

@Suite struct VerifiedTests {
    private static let digest = Digest.sha256(of: [])

    private static func comparison(_ changed: (inout ImageConfiguration) -> Void) -> ImageComparison {
        let here = ImageConfiguration(architecture: "amd64", operatingSystem: "linux")
        var there = here
        changed(&there)
        var comparison = ImageComparison()
        comparison.compare(here, there)
        return comparison
    }

    private static func verified(
        _ stored: Verified.Stored = .same,
        _ comparison: ImageComparison = ImageComparison()
    ) -> Verified {
        Verified(
            image: NodeID("web"),
            platform: ImageStore.platform,
            key: "0123456789abcdef",
            digest: digest,
            stored: stored,
            byEngine: .built(.init(engine: "docker", version: "docker 20.10.24", comparison: comparison))
        )
    }

    @Test func `what is equal is told in two lines`() {
        let verified = Self.verified()
        #expect(verified.isEqual)
        #expect(
            verified.text == """
                web: built anew as \(Self.digest), key 0123456789ab; the store has the same
                web: docker 20.10.24 built all of it: 0 paths and the configuration are equal
                """
        )
    }

    @Test func `each difference has a line, and there is an end to them`() {
        let one = Self.verified(.nothing, Self.comparison { $0.execution.user = "app" })
        #expect(!one.isEqual)
        #expect(one.text.contains(" different; the configuration differs\n"))
        #expect(one.text.hasSuffix("\n  configuration: user none here, app by docker"))
        let many = Self.comparison { $0.execution.environment = (0..<60).map { "V\($0)=v" } }
        let lines = Self.verified(.same, many).text.split(separator: "\n")
        #expect(lines.count == 2 + Verified.mostLines + 1 && lines.last == "  and 10 more differences")
    }

    @Test func `other bytes of the same key are a failure`() {
        let verified = Self.verified(.other(Self.digest, Self.comparison { $0.execution.user = "app" }))
        #expect(!verified.isEqual && verified.text.contains("the same key made other bytes"))
        #expect(verified.text.contains("\n  configuration: user none now, app in the store\n"))
        #expect(Self.verified(.otherwiseCompressed(Self.digest)).isEqual)
    }

    @Test func `without an engine the store decides, and one that fails is a failure`() {
        var verified = Self.verified()
        verified.byEngine = .left("no engine works here")
        #expect(verified.isEqual && verified.text.contains("compared with no engine's image: no engine works here"))
        verified.byEngine = .failed("Dockerfile:2: it failed")
        #expect(!verified.isEqual && verified.text.hasSuffix("web: Dockerfile:2: it failed"))
    }

    @Test func `JSON has it all`() {
        let verified = Self.verified(.same, Self.comparison { $0.execution.user = "app" })
        let text = String(decoding: verified.json.encoded(), as: UTF8.self)
        #expect(
            text
                == #"{"image":"web","platform":"\#(ImageStore.platform)","isEqual":false,"#
                + #""key":"0123456789abcdef","digest":"\#(Self.digest)","#
                + #""store":{"has":"same"},"engine":{"name":"docker","version":"docker 20.10.24","#
                + #""comparison":{"equal":0,"different":0,"unlinked":0,"#
                + #""differences":[{"what":"user","there":"app"}]}}}"#
        )
    }
}
