import Foundation
import Glibc
import Project
import Reporting
import State
import Testing

@testable import imgwatch

@Suite struct StateDoctorTests {
    private func patient(_ folder: TemporaryFolder) throws -> Patient {
        try folder.write("project/a", "")
        try folder.write("project/Dockerfile", "FROM scratch\nCOPY a /\n")
        try folder.write("project/.imgwatch", "images: { app: {} }\n")
        var patient = Patient(environment: [:], folder: folder.path("project"))
        patient.project = try Loader.load(file: folder.path("project/.imgwatch"), environment: [:], bases: [:]).project
        patient.folders = StateFolders(
            state: folder.path("state/p"),
            store: folder.path("data/p"),
            shared: folder.path("state")
        )
        return patient
    }

    @Test func `a project that was never opened has nothing, and gets nothing`() throws {
        let folder = try TemporaryFolder()
        let lines = StateDoctor(patient: try patient(folder)).lines()
        #expect(lines.allSatisfy { $0.mark == .ok } && lines.count == 4)
        #expect(lines[0].text == "no imgwatch runs in this project")
        #expect(!folder.exists("state") && !folder.exists("data"))
    }

    @Test func `who runs is told by its process`() throws {
        let folder = try TemporaryFolder()
        let patient = try patient(folder)
        let lock = try ProjectLock.acquire(try #require(patient.folders))
        let lines = StateDoctor(patient: patient).lines()
        #expect(lines[0].text == "imgwatch works on this project, as process \(getpid())")
        withExtendedLifetime(lock) {}
    }

    @Test func `a port that another program has is a problem`() throws {
        let folder = try TemporaryFolder()
        let patient = try patient(folder)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = getsockname(listener, $0, &length)
            }
        }
        try #require(listen(listener, 1) == 0)
        let port = UInt16(bigEndian: address.sin_port)
        try folder.write("state/ports.json", "{\"\(patient.folder)\": \(port)}")
        let line = try #require(StateDoctor(patient: patient).lines().first { $0.mark == .problem })
        #expect(line.text.hasPrefix("port \(port), where this project serves its images, is used by"))
        #expect(line.remedies.count == 1)
    }
}
