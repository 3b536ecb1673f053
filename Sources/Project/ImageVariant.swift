/// What an image is for one of its platforms.

package import Dockerfile

package struct ImageVariant: Equatable, Sendable {
    /// As `linux/amd64`.
    package var platform: String
    /// The Dockerfile as it stood when the project was loaded, every project image named by its `.imgwatch` name.
    package var evaluation: Evaluation
    /// What it is FROM or copies from outside the project, in the order of the first mention.
    package var externalBases: [BasePin]

    package init(platform: String, evaluation: Evaluation, externalBases: [BasePin] = []) {
        (self.platform, self.evaluation, self.externalBases) = (platform, evaluation, externalBases)
    }
}

extension [ImageVariant] {
    /// The sources in the context, each once.
    package var contextPaths: [ContextSource] {
        guard count > 1 else { return first?.evaluation.contextPaths ?? [] }
        var all: [ContextSource] = []
        for source in flatMap(\.evaluation.contextPaths) where !all.contains(source) { all.append(source) }
        return all
    }

    /// The bases from outside the project, each once.
    package var pins: [BasePin] {
        var all: [BasePin] = []
        for pin in flatMap(\.externalBases) where !all.contains(pin) { all.append(pin) }
        return all
    }
}
