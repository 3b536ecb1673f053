/// What a node of the virtual project is made from, and how its command behaves.

import Graph

struct Recipe: Equatable, Sendable {
    /// What a command does besides writing its outputs.
    enum Oddity: Equatable, Sendable {
        case none
        /// Most inputs give the same outputs.
        case cutsOff
        /// Something that it left behind writes an output after its exit.
        case writesLate
        /// It exits 0 without its first output.
        case forgetsOutput
        /// It changes its first input.
        case modifiesInput
        /// It writes its first input again, byte for byte.
        case rewritesInput
        /// It changes a file that others read, and that is not among its outputs.
        case modifies(Path)
    }

    var kind: NodeKind
    var inputs: [Path] = []
    var outputs: [Path] = []
    /// Places among ``Scenario/recipes``.
    var needs: [Int] = []
    /// How long a step or a deploy takes, or how long an image's inputs are read; in ms.
    var duration = 20
    /// An image: how long it is packed and uploaded, in ms; nil: chance decides.
    var upload: Int?
    var oddity = Oddity.none
    var finishesOnChange = false
    var isManual = false
    /// In ms.
    var quiet: Int?
    /// One in so many results is a failure; nil: only a mistake in an input fails.
    var breakage: UInt64?
    /// Counts the changes of the definition.
    var command = 0
    /// Where an image's references go.
    var destination = 0

    /// What no command can read.
    static let mistake: Content = 13

    var isOdd: Bool { oddity != .none && oddity != .cutsOff }

    /// What the command writes when it reads this and finds images with these keys; nil: it fails.
    func outcome(_ node: Int, reading inputs: [Content?], on bases: [String] = []) -> [Content?]? {
        var words = [UInt64(node), UInt64(command)] + bases.flatMap(\.utf8).map(UInt64.init)
        for input in inputs {
            guard let input, input != Self.mistake else { return nil }
            words.append(input)
        }
        let hash = digest(of: words)
        if let breakage, !inputs.isEmpty, hash % breakage == 0 { return nil }
        let range: UInt64 = oddity == .cutsOff ? 2 : 1 << 40
        return outputs.indices.map { UInt64($0) << 48 | (hash >> 8) % range }
    }

    /// The key but for what is inherited; `nil` among the inputs is a file that is not there.
    func ownKey(_ node: Int, reading inputs: [Content?]) -> String {
        var words = [UInt64(node), UInt64(command)]
        for (path, input) in zip(self.inputs, inputs) { words += [UInt64(path), input.map { $0 &+ 1 } ?? 0] }
        return "\(node):" + String(digest(of: words) >> 24, radix: 36)
    }

    /// Whether an image's build, or a deploy of an image, fails for good with this key.
    func fails(_ key: String) -> Bool {
        guard let breakage else { return false }
        return key.utf8.reduce(UInt64(command)) { ($0 &* 31) &+ UInt64($1) } % breakage == 0
    }
}

/// Half of an output: no command's result.
func torn(by run: Int) -> Content { 1 << 63 | UInt64(run) }

/// The key of an image from its own and its bases' keys.
func combine(_ own: String, _ bases: [String]) -> String {
    bases.isEmpty ? own : own + "(" + bases.joined(separator: ",") + ")"
}
