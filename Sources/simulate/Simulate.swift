/// Virtual worlds against the engine, from the command line: many seeds at once, or one with all that happens in it.

import Glibc
import Simulation

@main struct Simulate {
    private static let usage = """
        usage: simulate --seeds N [--from K] [--defect NAME]   random worlds; exits 1 if one breaks a promise
               simulate --seed K [--defect NAME]               one of them, with its trace
               simulate --world NAME [--seed K] [--defect NAME]

        worlds:  \(DirectedWorld.allCases.map(\.rawValue).joined(separator: " "))
        defects: \(Defect.allCases.map(\.rawValue).joined(separator: " "))
        """

    static func main() {
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            print(usage)
            exit(2)
        }
        exit(isClean(options) ? 0 : 1)
    }

    private static func isClean(_ options: Options) -> Bool {
        if let count = options.seeds {
            var summary = Summary()
            for seed in options.from..<options.from + count {
                summary.add(Outcome(seed: seed, defect: options.defect))
            }
            print(summary.text)
            return summary.isClean
        }
        let seed = options.seed ?? 0
        var world = World(
            options.world?.scenario ?? Scenario(seed: seed),
            seed: seed,
            defect: options.defect,
            trace: { print($0) }
        )
        world.run()
        print("\(world.events) events, \(world.violations.count) violations")
        for violation in world.violations { print(violation) }
        return world.violations.isEmpty
    }
}

/// The command line; nil where it makes no sense.
struct Options {
    private(set) var seeds: UInt64?
    private(set) var from: UInt64 = 0
    private(set) var seed: UInt64?
    private(set) var world: DirectedWorld?
    private(set) var defect: Defect?

    init?(_ arguments: ArraySlice<String>) {
        var left = arguments
        while let name = left.popFirst() {
            guard let value = left.popFirst(), set(name, to: value) else { return nil }
        }
        guard seeds != nil || seed != nil || world != nil else { return nil }
    }

    private mutating func set(_ name: String, to value: String) -> Bool {
        switch name {
        case "--seeds":
            seeds = UInt32(value).map(UInt64.init)
            return seeds != nil
        case "--from":
            guard let first = UInt32(value) else { return false }
            from = UInt64(first)
        case "--seed":
            seed = UInt64(value)
            return seed != nil
        case "--world":
            world = DirectedWorld(rawValue: value)
            return world != nil
        case "--defect":
            defect = Defect(rawValue: value)
            return defect != nil
        default: return false
        }
        return true
    }
}
