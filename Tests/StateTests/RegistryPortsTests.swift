import Foundation
import State
import Testing

@Suite struct RegistryPortsTests {
    /// A socket that listens on loopback, at a port that the kernel chose.
    private final class Listener {
        private let descriptor: Int32
        let port: UInt16

        init() throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let codes = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    [
                        bind(descriptor, pointer, length), listen(descriptor, 1),
                        getsockname(descriptor, pointer, &length),
                    ]
                }
            }
            port = UInt16(bigEndian: address.sin_port)
            try #require(codes == [0, 0, 0])
        }

        deinit { close(descriptor) }
    }

    /// From a port that is taken now.
    private func range(from listener: Listener) -> ClosedRange<UInt16> {
        let first = min(listener.port, .max - 100)
        return first...first + 100
    }

    @Test func `a project keeps its port, and no other gets it`() throws {
        let place = try TemporaryState()
        let store = try place.open()
        let listener = try Listener()
        let range = range(from: listener)
        let first = try store.registryPort(for: "/a", from: range)
        let second = try store.registryPort(for: "/b", from: range)
        #expect(first != second)
        #expect(range.contains(first) && range.contains(second))
        #expect(first != listener.port && second != listener.port)
        #expect(try place.open().registryPort(for: "/a", from: range) == first)
        #expect(try store.registryPort(for: "/b") == second)
    }

    @Test func `a port is kept while something listens on it, and the check says what`() throws {
        let place = try TemporaryState()
        let listener = try Listener()
        try "{\"/a\": \(listener.port)}".write(
            toFile: place.folders.shared + "/ports.json",
            atomically: false,
            encoding: .utf8
        )
        #expect(try place.open().registryPort(for: "/a") == listener.port)
        let error = #expect(throws: StateError.self) { try place.open().checkPort(listener.port) }
        guard case .portTaken(listener.port, let program?, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(program.hasSuffix("(process \(getpid()))"))
        #expect(error?.reason.contains(program) == true)
        var free = try Listener() as Listener?
        let port = try #require(free?.port)
        free = nil
        try place.open().checkPort(port)
    }

    @Test func `a port that was never served can be changed for another`() throws {
        let place = try TemporaryState()
        let listener = try Listener()
        let range = range(from: listener)
        let port = try place.open().registryPort(for: "/a", from: range)
        let other = try place.open().otherRegistryPort(for: "/a", insteadOf: port, from: range)
        #expect(other != port)
        #expect(try place.open().registryPort(for: "/a", from: range) == other)
    }

    @Test func `where every port is taken there is an error`() throws {
        let place = try TemporaryState()
        let listener = try Listener()
        let range = listener.port...listener.port
        let table = place.folders.shared + "/ports.json"
        #expect(throws: StateError.noFreePort(range, table: table)) {
            try place.open().registryPort(for: "/a", from: range)
        }
    }

    @Test(arguments: ["", "[]", "{\"/a\": 70000}", "{\"/a\": \"x\"}"])
    func `a table that does not read is an error, and is left as it is`(text: String) throws {
        let place = try TemporaryState()
        let table = place.folders.shared + "/ports.json"
        try text.write(toFile: table, atomically: false, encoding: .utf8)
        let error = #expect(throws: StateError.self) { try place.open().registryPort(for: "/a") }
        #expect(error?.reason.contains(table) == true)
        #expect(try String(contentsOfFile: table, encoding: .utf8) == text)
    }

    @Test func `projects that start at once get different ports`() async throws {
        let place = try TemporaryState()
        let listener = try Listener()
        let (range, folders) = (range(from: listener), place.folders)
        let ports = try await withThrowingTaskGroup(of: UInt16.self) { group in
            for number in 0..<12 {
                group.addTask { try StateStore.open(folders).registryPort(for: "/p\(number % 6)", from: range) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(ports).count == 6)
    }
}
