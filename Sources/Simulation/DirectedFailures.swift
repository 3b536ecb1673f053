/// Directed worlds in which something fails, dies, loops, or waits for somebody.

extension Scenario {
    // MARK: Failures

    mutating func failureAndBack() {
        let input = source()
        let step = step([input])
        _ = image([], needs: [step])
        at(1000, .save(input, Recipe.mistake))
        at(1500, .save(input, 1))
        at(2000, .save(input, Recipe.mistake))
        // The key that failed is there again, and is not run again.
        at(2500, .changeAndBack(input, 2, after: 3))
        at(3000, .save(input, 1))
        // The way back falls into the failing run.
        at(4000, .save(input, Recipe.mistake))
        onStart(of: step, 6, after: 5, .save(input, 1))
    }

    mutating func failureBeside() {
        let (first, second) = (source(), source())
        let failing = step([first]) { $0.duration = 4 }
        let pending = step([second]) { $0.quiet = 200 }
        _ = image([], needs: [failing])
        _ = image([], needs: [pending])
        for edit in 1...3 {
            at(edit * 1000, .save(first, edit.isMultiple(of: 2) ? 1 : Recipe.mistake))
            at(edit * 1000, .save(second, UInt64(10 * edit)))
        }
    }

    mutating func deletedInput() {
        let (first, second) = (source(), source())
        let step = step([first])
        let image = image([second], needs: [step]) { $0.duration = 100 }
        _ = deploy(image)
        at(1000, .save(first, nil))
        at(2000, .save(first, 1))
        at(3000, .save(second, nil))
        at(4000, .save(second, 2))
        // While it is read, too, and with the key that it had.
        onStart(of: image, 3, after: 10, .save(second, nil))
        onStart(of: image, 3, after: 600, .save(second, 3))
        at(6000, .save(second, 3))
    }

    mutating func outage() {
        let input = source()
        let image = image([input])
        _ = deploy(image)
        at(900, .outage(5000))
        at(1000, .save(input, 2))
        expect(image, from: 5900, every: 9000, count: 1)
    }

    mutating func lateRequests() {
        let input = source()
        let image = image([input]) { $0.duration = 4 }
        _ = deploy(image)
        slowness = 50
        for edit in 0..<12 { at(1000 + edit * 170, .save(input, UInt64(20 + edit))) }
    }

    mutating func lostAnswers() {
        let input = source()
        let base = image([input])
        _ = image([input], needs: [base])
        flakiness = 50
        for edit in 0..<10 { at(1000 + edit * 300, .save(input, edit.isMultiple(of: 2) ? 1 : 2)) }
    }

    mutating func leavesWhilePushing() {
        let input = source()
        let image = image([input])
        slowness = 100
        at(2000, .save(input, 2))
        onStart(of: image, 2, after: 400, .leave(image, returningAfter: 100))
        onStart(of: image, 2, after: 450, .save(input, 1))
        at(5000, .save(input, 2))
    }

    mutating func loops() {
        let sources = [source(), source(), source(), source(), source()]
        _ = step([sources[0]]) { $0.oddity = .modifies(sources[1]) }
        _ = step([sources[1]]) { $0.oddity = .modifies(sources[0]) }
        _ = step([sources[2]]) { $0.oddity = .modifiesInput }
        _ = step([sources[3]]) { $0.oddity = .rewritesInput }
        let late = step([sources[4]]) { $0.oddity = .writesLate }
        _ = image([], needs: [late])
        parallel = 4
    }

    // MARK: Crashes

    /// The orphan works on what was there before the crash, and may take longer than the next loop's run.
    mutating func orphan(after delay: Int) {
        let input = source()
        let step = step([input]) { $0.duration = 200 }
        _ = image([], needs: [step])
        for start in [1, 3] {
            onStart(of: step, start, after: delay, .crash)
            onStart(of: step, start, after: delay, .save(input, UInt64(start + 1)))
        }
        at(3000, .save(input, 7))
    }

    mutating func sideEffect() {
        let input = source()
        let step = step([input]) { $0.outputs = [] }
        at(1000, .save(input, 2))
        onStart(of: step, 2, .crash)
        onStart(of: step, 2, .save(input, 1))
    }

    // MARK: Waiting

    mutating func openCommit() {
        let input = source()
        let image = image([input])
        at(1000, .commit(during: 60_000))
        at(1100, .save(input, 2))
        expect(image, from: 1100, every: 2000, count: 1)
        saves(of: input, from: 5000, every: 300, count: 40)
        expect(image, from: 11_000, every: 2000, count: 3)
    }

    mutating func openLog() {
        let (log, other) = (source(), source())
        let image = image([log])
        let beside = self.image([other])
        at(1000, .holdOpen(log, 2, during: 60_000))
        at(1000, .save(other, 2))
        expect(image, from: 1000, every: 12_000, count: 1)
        expect(beside, from: 1000, every: 2000, count: 1)
    }

    mutating func otherDeploy() {
        let input = source()
        let deploy = deploy(image([input]))
        at(1000, .redefine(deploy))
        at(2000, .save(input, 2))
        onStart(of: deploy, 3, after: 5, .redefine(deploy))
    }

    mutating func names() {
        let (first, second) = (source(), source())
        let base = image([first])
        let top = image([second], needs: [base])
        at(1000, .save(first, 2))
        at(2000, .commit(during: 50))
        at(3000, .save(second, 2))
        onStart(of: top, 4, .commit(during: 20))
        at(4000, .moveRegistry)
        at(5000, .checkOut([first, second], 1, during: 300))
        at(7000, .redefine(base))
        at(8000, .commit(during: 2))
        at(9000, .moveRegistry)
    }

    mutating func people() {
        let input = source()
        let step = step([input]) { $0.isManual = true }
        let image = image([input], needs: [step])
        _ = deploy(image)
        at(1000, .trigger(image))
        at(2000, .save(input, Recipe.mistake))
        at(2500, .trigger(step))
        at(3000, .retry)
        at(4000, .save(input, 2))
        at(4100, .pause)
        at(4200, .trigger(step))
        at(5000, .resume)
        at(6000, .save(input, 3))
        at(7000, .pause)
    }
}
