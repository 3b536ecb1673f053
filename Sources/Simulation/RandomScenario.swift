/// A project and a day's work, drawn by lot.

import Graph

extension Scenario {
    /// The world of one seed.
    package init(seed: UInt64) {
        var draw = Draw(random: Randomness(seed: digest(of: [seed, 1])))
        draw.project()
        draw.surroundings()
        draw.day()
        self = draw.scenario
    }
}

private struct Draw {
    var random: Randomness
    var scenario = Scenario()
    private var sources: [Path] = []
    private var steps: [Int] = []
    private var images: [Int] = []

    init(random: Randomness) { self.random = random }

    // MARK: The project

    mutating func project() {
        for source in 0..<random.int(2...5) {
            sources.append(source)
            scenario.paths.append("source\(source)")
            scenario.initial.append(content())
        }
        let count = random.int(2...7)
        let stepCount = random.int(1...max(1, count - 1))
        for node in 0..<count {
            if node < stepCount {
                addStep(node)
            } else if node == stepCount || random.chance(60) {
                addImage(node)
            } else if random.chance(25) {
                addStep(node)
            } else {
                addDeploy(node)
            }
        }
    }

    mutating func content() -> Content { UInt64(random.int(0...3)) }

    private mutating func addStep(_ node: Int) {
        var step = Recipe(kind: .step)
        step.breakage = 9
        let made = some(of: steps, 45)
        step.needs = made + some(of: images, 50)
        step.inputs = random.sample(sources, random.chance(4) ? 0 : random.int(1...2))
        for need in made where random.chance(80) {
            step.inputs += random.sample(scenario.recipes[need].outputs, 1)
        }
        // Some commands make nothing that is a file.
        for output in 0..<(random.chance(7) ? 0 : random.int(1...2)) {
            step.outputs.append(scenario.paths.count)
            scenario.paths.append("output\(node).\(output)")
            // What an earlier session, or another tool, left behind.
            scenario.initial.append(random.chance(15) ? 77 : nil)
        }
        step.duration = random.pick([5, 20, 60, 150])
        step.oddity = oddity()
        if random.chance(4) { step.quiet = 300 }
        addAttributes(&step)
        steps.append(node)
        scenario.recipes.append(step)
    }

    private mutating func oddity() -> Recipe.Oddity {
        switch random.int(0...99) {
        case ..<25: .cutsOff
        case ..<27: .writesLate
        case ..<29: .forgetsOutput
        case ..<31: .modifiesInput
        case ..<33: .rewritesInput
        case ..<35: .modifies(random.pick(sources))
        default: .none
        }
    }

    private mutating func addImage(_ node: Int) {
        var image = Recipe(kind: .image)
        image.breakage = 13
        let made = some(of: steps, 60)
        image.needs = made + some(of: images, 40)
        image.inputs = random.sample(sources, random.int(1...min(3, sources.count)))
        for need in made { image.inputs += scenario.recipes[need].outputs.filter { _ in random.chance(80) } }
        image.duration = random.pick([4, 15, 60])
        addAttributes(&image)
        images.append(node)
        scenario.recipes.append(image)
    }

    private mutating func addDeploy(_ node: Int) {
        var deploy = Recipe(kind: .deploy)
        deploy.breakage = 13
        deploy.needs = [random.pick(images)]
        deploy.duration = random.pick([20, 200])
        deploy.isManual = random.chance(10)
        scenario.recipes.append(deploy)
    }

    private mutating func addAttributes(_ recipe: inout Recipe) {
        recipe.isManual = random.chance(5)
        recipe.finishesOnChange = random.chance(15)
    }

    private mutating func some(of nodes: [Int], _ percent: Int) -> [Int] {
        nodes.filter { _ in random.chance(percent) }
    }

    // MARK: The day

    mutating func surroundings() {
        scenario.parallel = random.int(1...3)
        scenario.restarts = random.chance(30)
        scenario.hasGit = !random.chance(10)
        scenario.mayCrash = random.chance(40)
        scenario.malice = random.chance(60) ? 12 : 0
        scenario.flakiness = random.chance(30) ? 10 : 0
        scenario.slowness = random.chance(30) ? 15 : 0
        scenario.naming = random.pick([0, 0, 3, 30])
    }

    mutating func day() {
        var time = 0
        for _ in 0..<random.int(2...12) {
            time += random.pick([3, 20, 60, 150, 400, random.int(0...1200)])
            act(at: time)
        }
        if random.chance(8) { constantSaves(from: time + 500) }
        let end = scenario.script.map(\.at).max() ?? 0
        if !random.chance(4) { add(.resume, at: end + 2500) }
    }

    private mutating func add(_ act: Act, at time: Int) { scenario.script.append((time, act)) }

    private mutating func act(at time: Int) {
        let source = random.pick(sources)
        switch random.int(0...99) {
        case ..<26: add(.save(source, content()), at: time)
        case ..<38: add(.changeAndBack(source, 9, after: random.int(1...60)), at: time)
        case ..<46:
            for path in random.sample(sources, 3) { add(.save(path, content()), at: time + random.int(0...15)) }
        case ..<51:
            add(.save(source, nil), at: time)
            add(.save(source, content()), at: time + random.pick([2, 5, 300, 1500]))
        case ..<58:
            for output in random.sample(steps.flatMap({ scenario.recipes[$0].outputs }), 1) {
                add(.writeForeign(output, random.chance(50) ? nil : 88), at: time)
            }
        case ..<63: add(.holdOpen(source, content(), during: random.pick([5, 50, 200, 12_000])), at: time)
        case ..<70: git(at: time)
        case ..<82: command(at: time)
        case ..<90: if scenario.mayCrash { add(.crash, at: time) } else { add(.overflow, at: time) }
        case ..<95: configuration(at: time)
        default: burst(of: source, at: time)
        }
    }

    private mutating func burst(of source: Path, at time: Int) {
        let gap = random.int(5...60)
        for save in 0..<random.int(5...40) { add(.save(source, content()), at: time + save * gap) }
    }

    private mutating func git(at time: Int) {
        guard scenario.hasGit else { return }
        let during = random.pick([2, 50, 300, 300, 12_000])
        if random.chance(70) {
            add(.commit(during: during), at: time)
        } else {
            add(.checkOut(random.sample(sources, 3), content(), during: during), at: time)
        }
    }

    private mutating func command(at time: Int) {
        switch random.int(0...9) {
        case ..<4:
            add(.pause, at: time)
            add(.resume, at: time + random.int(1...500))
        case ..<6: add(.trigger(random.int(0...scenario.recipes.count - 1)), at: time)
        case 6: add(.lose(random.int(0...scenario.recipes.count - 1)), at: time)
        case 7: add(.retry, at: time)
        case 8: add(.tell, at: time)
        default: add(.outage(random.pick([50, 2000])), at: time)
        }
    }

    private mutating func configuration(at time: Int) {
        let nodes = Array(scenario.recipes.indices)
        switch random.int(0...9) {
        case ..<4: add(.redefine(random.pick(nodes)), at: time)
        case ..<6: add(.toggleInput(random.pick(steps + images), random.pick(sources)), at: time)
        case 6: add(random.chance(50) ? .moveRegistry : .slots(random.int(1...4)), at: time)
        default:
            add(.leave(random.pick(nodes), returningAfter: random.pick([5, 100, 700])), at: time)
        }
    }

    private mutating func constantSaves(from time: Int) {
        let source = random.pick(sources)
        let gap = random.pick([40, 90, 300, 900])
        for save in 0..<(6000 / gap) { add(.save(source, UInt64(100 + save)), at: time + save * gap) }
    }
}
