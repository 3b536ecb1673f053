/// The port where a project serves its images: part of their names, so it is the project's for good.

import Foundation
import Glibc

/// The table of all the user's projects, in `ports.json`: root → port.
struct RegistryPorts {
    private let folder: String
    private var file: String { folder + "/ports.json" }

    init(folder: String) { self.folder = folder }

    /// The project's port; a new one is given to no other project, and nothing listens on it now.
    ///
    /// `former` is given up, where the project has it.
    func port(
        for root: String,
        from range: ClosedRange<UInt16>,
        insteadOf former: UInt16? = nil
    ) throws(StateError) -> UInt16 {
        try FileLock.holding(folder + "/ports.lock") { () throws(StateError) -> UInt16 in
            var table = try read()
            if let port = table[root], port != former { return port }
            let owned = Set(table.values)
            guard let port = range.first(where: { !owned.contains($0) && LocalPort($0).isFree }) else {
                throw .noFreePort(range, table: file)
            }
            table[root] = port
            try write(table)
            return port
        }
    }

    fileprivate func read() throws(StateError) -> [String: UInt16] {
        guard FileManager.default.fileExists(atPath: file) else { return [:] }
        do {
            return try JSONDecoder().decode([String: UInt16].self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            throw .portTable(path: file, reason: "it does not read as {\"folder\": port, …}")
        }
    }

    private func write(_ table: [String: UInt16]) throws(StateError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(table).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .portTable(path: file, reason: error.localizedDescription)
        }
    }
}

extension StateFolders {
    /// The port that the project in `root` has; nil where it has none yet.
    ///
    /// Nothing is made.
    package func knownRegistryPort(of root: String) throws(StateError) -> UInt16? {
        try RegistryPorts(folder: shared).read()[root]
    }

    /// Throws ``StateError/portTaken(_:by:table:)`` where a program listens on the port.
    package func checkPort(_ port: UInt16) throws(StateError) {
        let port = LocalPort(port)
        guard !port.isFree else { return }
        throw .portTaken(port.number, by: port.listener(), table: shared + "/ports.json")
    }
}

extension StateStore {
    /// Ports that projects get, in this order: below those that the kernel gives to connections.
    package static let registryPorts: ClosedRange<UInt16> = 5180...6179

    /// The port of the project in `root`, the same at every start; also while the project's own loop listens on it.
    package func registryPort(
        for root: String,
        from range: ClosedRange<UInt16> = StateStore.registryPorts
    ) throws(StateError) -> UInt16 {
        try RegistryPorts(folder: folders.shared).port(for: root, from: range)
    }

    /// Another port for a project that never published an image by its port: another program was quicker.
    package func otherRegistryPort(
        for root: String,
        insteadOf former: UInt16,
        from range: ClosedRange<UInt16> = StateStore.registryPorts
    ) throws(StateError) -> UInt16 {
        try RegistryPorts(folder: folders.shared).port(for: root, from: range, insteadOf: former)
    }

    /// To be asked before the loop listens: throws ``StateError/portTaken(_:by:table:)`` where another program does.
    package func checkPort(_ port: UInt16) throws(StateError) { try folders.checkPort(port) }
}
