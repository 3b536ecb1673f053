/// Keys: the hash of all that decides a node's result, and nothing else.

internal import Dockerfile
package import Project

package enum Keys {
    /// Changes when the same inputs and instructions would make other bytes.
    static let semantics = "imgwatch-1"

    /// A step's own key: its command, environment, folder and outputs, and what it reads. Folders are no content:
    /// a command sees the files in them.
    package static func own(of step: Step, _ reading: Reading) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " step")
        switch step.command {
        case .shell(let text): hasher.add("sh " + text)
        case .exec(let words): for word in words { hasher.add("w " + word) }
        }
        hasher.add("dir " + step.directory)
        for variable in step.environment { hasher.add("env \(variable.key)=\(variable.value)") }
        for output in step.outputs { hasher.add("out " + output.path) }
        for file in reading.files where file.kind != .directory { hasher.add(file) }
        return hasher.finish()
    }

    /// What a step left: everything under its outputs.
    package static func outputs(_ reading: Reading) -> String {
        var hasher = KeyHasher()
        for file in reading.files { hasher.add(file) }
        return hasher.finish()
    }

    /// An image's own key, without those of its bases: the evaluated instructions and every file that they read.
    package static func own(of image: Image, platform: String, _ reading: Reading) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " image " + platform)
        hasher.add("context " + image.context)
        for label in image.labels { hasher.add("label \(label.key)=\(label.value)") }
        for stage in image.evaluation.stages {
            hasher.add("stage \(stage.index) \(stage.base)")
            for instruction in stage.instructions { hasher.add("\(instruction.operation) \(instruction.history)") }
        }
        for file in reading.files { hasher.add(file) }
        return hasher.finish()
    }

    /// An image's key, from its own and the keys of the images that it is made from.
    package static func combined(_ own: String, _ bases: [String]) -> String {
        var hasher = KeyHasher()
        hasher.add(semantics + " combined")
        hasher.add(own)
        for base in bases { hasher.add(base) }
        return hasher.finish()
    }
}
