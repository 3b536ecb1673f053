/// What happens once an image is published, as the configuration means it.

package import Dockerfile
package import Graph

/// A command that acts on an image once it is published.
package struct Deploy: Equatable, Sendable {
    /// The image's name, a slash, and the deploy's own.
    package var id: NodeID
    package var image: NodeID
    package var command: Step.Command
    /// The image, then what the configuration names: all of them must be fresh before each run.
    package var needs: [NodeID]
    /// What the configuration names of the environment, in order.
    package var environment: [KeyValue]
    /// Relative to the root; "" is the root.
    package var directory: String
    package var timeout: Duration?
    package var place: Place

    package init(
        id: NodeID,
        image: NodeID,
        command: Step.Command,
        needs: [NodeID],
        environment: [KeyValue] = [],
        directory: String = "",
        timeout: Duration? = nil,
        place: Place
    ) {
        (self.id, self.image, self.command, self.needs) = (id, image, command, needs)
        (self.environment, self.directory, self.timeout) = (environment, directory, timeout)
        self.place = place
    }

    /// Its place in the file does not make it another.
    package static func == (a: Self, b: Self) -> Bool {
        a.id == b.id && a.image == b.image && a.command == b.command && a.needs == b.needs
            && a.environment == b.environment && a.directory == b.directory && a.timeout == b.timeout
    }
}
