/// `.imgwatch` as typed: every value checked by itself, with its place, before anything is looked up elsewhere.

import Dockerfile
import Graph

struct Placed<Value> {
    var value: Value
    var place: Place
}

struct ProjectFile {
    var registry: Placed<RegistryTarget>?
    var parallel: Int?
    /// In bytes.
    var storeLimit: Int?
    var quiet: Duration?
    var timeout: Duration?
    var environment: [KeyValue] = []
    var cloud: Placed<CloudSettings>?
    /// What every image has that does not say otherwise.
    var naming = ImageNaming()
    var building = ImageBuilding()
    var steps: [StepEntry] = []
    var images: [ImageEntry] = []
}

/// A node's `needs`: the names, and how they are written, so that a diagnostic can say what to add where.
struct NeedsSite {
    var names: [Placed<String>] = []
    /// Whether every name could be read; if not, what follows from missing needs is not reported too.
    var isSound = true
    /// The value of `needs:`, where the key is there.
    var tree: Tree?
    /// The first key of the node, and how the node is written; nil for a node without keys.
    var firstKey: (place: Place, style: Tree.Style)?
    /// The node where it has no keys.
    var bare: Tree.Entry?
}

struct StepEntry {
    var id: NodeID
    var place: Place
    var command: Step.Command?
    var inputs: [PathPattern] = []
    var outputs: [Placed<OutputPath>] = []
    var needs = NeedsSite()
    var environment: [KeyValue] = []
    var directory = Placed(value: "", place: Place(file: ""))
    var timeout: Duration?
    var onChange = Step.OnChange.restart
    var quiet: Duration?
}

struct ImageEntry {
    enum Argument {
        case value(String)
        case image(Placed<String>)
    }

    var id: NodeID
    var place: Place
    var dockerfile: Placed<String>?
    /// "" is the root; nil where what was written is no path in the project.
    var context: Placed<String>?
    var target: Placed<String>?
    var arguments: [(key: String, value: Argument)] = []
    var labels: [KeyValue] = []
    var ignore: [Placed<String>] = []
    var needs = NeedsSite()
    var push = true
    var aliases: [Placed<String>] = []
    var naming = ImageNaming()
    var building = ImageBuilding()
    var deploys: [DeployEntry] = []

    /// Without the places where other images are named.
    var meantArguments: [(key: String, value: Image.Argument)] {
        arguments.map { argument in
            switch argument.value {
            case .value(let value): (argument.key, .value(value))
            case .image(let name): (argument.key, .image(NodeID(name.value)))
            }
        }
    }
}

/// What stands in the configuration for one image, or for all.
struct ImageNaming {
    var tag: Placed<TagTemplate>?
    var movesTag = false
    var showsRevision = false
    var compression: Compression?
    /// Where it is written for this one, and not for all.
    var compressionPlace: Place?
}

struct DeployEntry {
    var id: NodeID
    /// The image that it is about.
    var image: NodeID
    var place: Place
    var command: Step.Command?
    /// Given the image, in the place of a command.
    var function: CloudFunction?
    var needs = NeedsSite()
    var environment: [KeyValue] = []
    var directory = Placed(value: "", place: Place(file: ""))
    var timeout: Duration?
}
