/// Words to write a scenario down in a few lines.

import Graph

extension Scenario {
    mutating func source(_ content: Content = 1) -> Path {
        paths.append("source\(paths.count)")
        initial.append(content)
        return paths.count - 1
    }

    /// A step that makes one file; `change` says what else is special.
    mutating func step(_ inputs: [Path], needs: [Int] = [], _ change: (inout Recipe) -> Void = { _ in }) -> Int {
        var recipe = Recipe(kind: .step, inputs: inputs, outputs: [paths.count], needs: needs)
        paths.append("output\(paths.count)")
        initial.append(nil)
        change(&recipe)
        recipes.append(recipe)
        return recipes.count - 1
    }

    /// An image of these files and of all that these steps make, on top of these images.
    mutating func image(_ inputs: [Path], needs: [Int] = [], _ change: (inout Recipe) -> Void = { _ in }) -> Int {
        var recipe = Recipe(kind: .image, inputs: inputs + needs.flatMap { recipes[$0].outputs }, needs: needs)
        recipe.upload = 5
        change(&recipe)
        recipes.append(recipe)
        return recipes.count - 1
    }

    mutating func deploy(_ image: Int) -> Int {
        recipes.append(Recipe(kind: .deploy, needs: [image]))
        return recipes.count - 1
    }

    mutating func at(_ time: Int, _ act: Act) { script.append((time, act)) }

    /// Saves the file again and again, each time with other bytes.
    mutating func saves(of path: Path, from: Int, every gap: Int, count: Int) {
        for save in 0..<count { at(from + save * gap, .save(path, UInt64(100 + save))) }
    }

    mutating func onStart(of node: Int, _ start: Int?, after delay: Int = 0, _ act: Act) {
        reactions.append(Reaction(node: node, start: start, after: delay, act: act))
    }

    /// A run of the node must count in each of these stretches, which follow each other.
    mutating func expect(_ node: Int, from: Int, every stretch: Int, count: Int) {
        for number in 0..<count {
            expectations.append(
                Expectation(node: node, from: from + number * stretch, to: from + (number + 1) * stretch)
            )
        }
    }
}
