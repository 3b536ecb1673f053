import Testing

@testable import imgwatch

@Suite struct RegistryDoctorTests {
    @Test func `each host is asked once, that of the project first`() throws {
        let folder = try TemporaryFolder([
            "Dockerfile": "FROM alpine:3.20 AS a\nFROM busybox\nCOPY --from=a /x /x\nCOPY --from=ghcr.io/o/p:1 /y /y\n"
        ])
        let project = try folder.project("registry: localhost:5000/shop\nimages: { app: {} }\n")
        let targets = RegistryDoctor.targets(of: project).map { "\($0.host) \($0.repository)" }
        #expect(targets.first == "localhost:5000 shop/app")
        #expect(Set(targets.map { $0.split(separator: " ")[0] }) == ["localhost:5000", "docker.io", "ghcr.io"])
        #expect(targets.count == 3)
    }

    @Test func `a project that serves its images itself asks nobody`() throws {
        let folder = try TemporaryFolder(["Dockerfile": "FROM scratch\nCOPY a /\n", "a": ""])
        #expect(RegistryDoctor.targets(of: try folder.project("images: { app: {} }\n")).isEmpty)
    }
}
