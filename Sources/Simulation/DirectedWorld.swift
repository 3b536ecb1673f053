/// Worlds in which one thing happens that chance brings too seldom, or not clearly enough.

package enum DirectedWorld: String, CaseIterable, Sendable {
    /// A fast and a slow step write two inputs of one image.
    case race
    /// An image takes 1.5 s, and its own input is saved every 900 ms.
    case savesUnderBuild
    /// An image takes 1.5 s, and the input of a step that it needs is saved every 900 ms.
    case savesUnderNeeds
    /// A file is saved every 50 ms.
    case flood
    /// A file is saved faster than keys are made.
    case deluge
    /// A step takes 5 s, and its input is saved every 3 s.
    case savesUnderStep
    /// A step is edited again and again while another one takes long.
    case longNeighbour
    /// One slot, steps that are edited all the time, and an image that is not.
    case oneSlot
    /// Inputs change between spawn and read, and change back.
    case editBeforeRead
    /// What an image and its needs are made from changes while the image is read, and it is to finish.
    case editWhileReading
    /// Files are saved faster than they are read, or just when they are.
    case bursts
    /// A change that fails, and the way back, before, during and after the failing run.
    case failureAndBack
    /// One of two nodes fails while the other has an edit that no run has seen.
    case failureBeside
    /// An input is deleted, and comes back.
    case deletedInput
    /// The registry is away for a while.
    case outage
    /// Requests take long, and edits do not wait for them.
    case lateRequests
    /// Requests are carried out, and the answers are lost.
    case lostAnswers
    /// A node leaves while its request is in the air, and comes back.
    case leavesWhilePushing
    /// A step makes the same bytes from other inputs.
    case sameBytes
    /// Two steps rewrite each other's inputs; one rewrites its own; one writes after its exit.
    case loops
    /// The loop dies while a step runs, which does not.
    case orphan
    /// The loop dies as it starts a step.
    case orphanAtBirth
    /// The loop dies while a command runs that leaves no file, and its input is what it was when the loop is back.
    case sideEffect
    /// The kernel's queue overflows while everything runs.
    case overflow
    /// An editor for a commit message stays open.
    case openCommit
    /// A log file that is never closed.
    case openLog
    /// The command of a deploy changes.
    case otherDeploy
    /// Commits, and another registry.
    case names
    /// Manual nodes, a pause, and an end that waits for a person.
    case people

    /// How many seeds it takes to show everything.
    package var seeds: Range<UInt64> {
        switch self {
        case .orphan, .orphanAtBirth: 0..<60
        case .lateRequests, .lostAnswers, .editBeforeRead, .editWhileReading: 0..<30
        case .savesUnderBuild, .savesUnderNeeds, .flood, .deluge, .loops: 0..<4
        default: 0..<10
        }
    }

    package var scenario: Scenario {
        var scenario = Scenario()
        switch self {
        case .race: scenario.race()
        case .savesUnderBuild: scenario.savesUnderBuild()
        case .savesUnderNeeds: scenario.savesUnderNeeds()
        case .flood: scenario.flood()
        case .deluge: scenario.deluge()
        case .savesUnderStep: scenario.savesUnderStep()
        case .longNeighbour: scenario.longNeighbour()
        case .oneSlot: scenario.oneSlot()
        case .editBeforeRead: scenario.editBeforeRead()
        case .editWhileReading: scenario.editWhileReading()
        case .bursts: scenario.bursts()
        case .failureAndBack: scenario.failureAndBack()
        case .failureBeside: scenario.failureBeside()
        case .deletedInput: scenario.deletedInput()
        case .outage: scenario.outage()
        case .lateRequests: scenario.lateRequests()
        case .lostAnswers: scenario.lostAnswers()
        case .leavesWhilePushing: scenario.leavesWhilePushing()
        case .sameBytes: scenario.sameBytes()
        case .loops: scenario.loops()
        case .orphan: scenario.orphan(after: 60)
        case .orphanAtBirth: scenario.orphan(after: 0)
        case .sideEffect: scenario.sideEffect()
        case .overflow: scenario.overflow()
        case .openCommit: scenario.openCommit()
        case .openLog: scenario.openLog()
        case .otherDeploy: scenario.otherDeploy()
        case .names: scenario.names()
        case .people: scenario.people()
        }
        return scenario
    }
}

// MARK: Edits that do not stop

extension Scenario {
    fileprivate mutating func savesUnderBuild() {
        let input = source()
        let image = image([input]) { $0.upload = 1500 }
        saves(of: input, from: 3000, every: 900, count: 40)
        expect(image, from: 3000, every: 9000, count: 4)
    }

    fileprivate mutating func savesUnderNeeds() {
        let input = source()
        let step = step([input]) { $0.duration = 5 }
        let image = image([], needs: [step]) { $0.upload = 1500 }
        saves(of: input, from: 3000, every: 900, count: 40)
        expect(image, from: 3000, every: 9000, count: 4)
    }

    fileprivate mutating func flood() {
        let (input, other) = (source(), source())
        let image = image([input]) { $0.duration = 4 }
        let step = step([other])
        _ = self.image([input], needs: [step]) { $0.duration = 4 }
        saves(of: input, from: 1000, every: 50, count: 400)
        expect(image, from: 1000, every: 4000, count: 5)
    }

    fileprivate mutating func deluge() {
        let (input, other) = (source(), source())
        let step = step([other])
        let image = image([input], needs: [step]) { $0.duration = 4 }
        saves(of: input, from: 1000, every: 7, count: 1500)
        expect(image, from: 1000, every: 4000, count: 2)
        naming = 30
    }

    fileprivate mutating func savesUnderStep() {
        let input = source()
        let step = step([input]) { $0.duration = 5000 }
        _ = image([], needs: [step])
        saves(of: input, from: 6000, every: 3000, count: 12)
        isSteady = true
    }

    fileprivate mutating func longNeighbour() {
        let (slow, quick) = (source(), source())
        _ = step([slow]) {
            $0.duration = 9000
            $0.finishesOnChange = true
        }
        let step = step([quick])
        _ = image([], needs: [step])
        at(10_000, .save(slow, 2))
        saves(of: quick, from: 10_500, every: 700, count: 11)
        expect(step, from: 10_500, every: 700, count: 11)
        isSteady = true
    }

    fileprivate mutating func oneSlot() {
        parallel = 1
        for _ in 0..<3 {
            let input = source()
            _ = step([input]) { $0.duration = 30 }
            saves(of: input, from: 1000, every: 100, count: 100)
        }
        let calm = source()
        let image = image([calm])
        at(2000, .save(calm, 2))
        expect(image, from: 2000, every: 4000, count: 1)
    }

    // MARK: The worst moments

    fileprivate mutating func race() {
        let input = source()
        let fast = step([input]) { $0.duration = 10 }
        let slow = step([input]) { $0.duration = 300 }
        _ = deploy(image([input], needs: [fast, slow]))
        for edit in 1...4 { at(edit * 1000, .save(input, UInt64(edit))) }
    }

    fileprivate mutating func editBeforeRead() {
        let (first, second) = (source(), source())
        let finishing = step([first]) {
            $0.duration = 60
            $0.finishesOnChange = true
        }
        let restarting = step([second]) { $0.duration = 60 }
        _ = image([], needs: [finishing, restarting])
        for start in 1...4 {
            onStart(of: finishing, start, .changeAndBack(first, 9, after: 15 * start))
            onStart(of: restarting, start, .changeAndBack(second, 9, after: 15 * start))
        }
        at(3000, .save(first, 2))
        at(3000, .save(second, 2))
    }

    fileprivate mutating func editWhileReading() {
        let (first, second, third) = (source(), source(), source())
        let step = step([first])
        let image = image([second, third], needs: [step]) {
            $0.duration = 80
            $0.finishesOnChange = true
        }
        for start in 1...6 {
            let path = [first, second, third][start % 3]
            for delay in [5, 20, 35, 50] {
                onStart(of: image, start, after: delay + start, .save(path, UInt64(100 * start + delay)))
            }
        }
        for edit in 1...4 { at(edit * 1000, .save(second, UInt64(edit))) }
    }

    fileprivate mutating func bursts() {
        let files = [source(), source(), source(), source()]
        let step = step(files) { $0.duration = 10 }
        _ = image(files, needs: [step]) { $0.duration = 4 }
        for save in 0..<50 { at(1000 + save * 4, .save(files[save % 4], UInt64(100 + save % 7))) }
        // The quiet period of one save is over, and the files are being read.
        for pair in 0..<8 {
            at(2000 + pair * 1000, .save(files[3], UInt64(200 + pair)))
            at(2013 + pair * 1001, .save(files[0], UInt64(300 + pair)))
        }
    }

    fileprivate mutating func sameBytes() {
        let input = source()
        let step = step([input]) { $0.oddity = .cutsOff }
        _ = deploy(image([], needs: [step]))
        saves(of: input, from: 500, every: 300, count: 12)
    }

    fileprivate mutating func overflow() {
        let (first, second) = (source(), source())
        let step = step([first])
        let image = image([second], needs: [step])
        for node in [step, image] {
            onStart(of: node, 2, .save(first, 5))
            onStart(of: node, 2, .overflow)
            onStart(of: node, 3, .overflow)
            onStart(of: node, 3, .save(second, 5))
        }
        at(1000, .save(first, 2))
        at(2000, .save(second, 2))
    }
}
