/// What happens once an image is published, as the configuration means it.

package import Dockerfile
package import Graph

/// What acts on an image once it is published.
package struct Deploy: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case command(Step.Command)
        /// A Lambda function gets the image.
        case function(CloudFunction)
    }
    /// The image's name, a slash, and the deploy's own.
    package var id: NodeID
    package var image: NodeID
    package var action: Action
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
        action: Action,
        needs: [NodeID],
        environment: [KeyValue] = [],
        directory: String = "",
        timeout: Duration? = nil,
        place: Place
    ) {
        (self.id, self.image, self.action, self.needs) = (id, image, action, needs)
        (self.environment, self.directory, self.timeout) = (environment, directory, timeout)
        self.place = place
    }

    /// Its place in the file does not make it another.
    package static func == (a: Self, b: Self) -> Bool {
        a.id == b.id && a.image == b.image && a.action == b.action && a.needs == b.needs
            && a.environment == b.environment && a.directory == b.directory && a.timeout == b.timeout
    }
}
