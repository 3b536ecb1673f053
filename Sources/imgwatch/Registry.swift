/// The embedded registry as the loop runs it.

import Foundation
import OCI
import Reporting
import Serving

extension Session {
    /// Serves the store on loopback, where images go there; returns once it listens.
    func serve() async throws -> EmbeddedRegistry? {
        guard case .loopback(let port) = store.address else { return nil }
        let registry = try EmbeddedRegistry(layout: store.layout, port: port)
        let serving = Task { try await registry.run() }
        _ = try await registry.waitUntilListening()
        Task {
            do {
                try await serving.value
            } catch {
                tell(notice: "the registry stopped: \(error)")
            }
        }
        return registry
    }
}
