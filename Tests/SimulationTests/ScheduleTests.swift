import Testing

@testable import Simulation

@Suite struct ScheduleTests {
    @Test func `what is scheduled happens in the order of its moments`() {
        var random = Randomness(seed: 3)
        var schedule = Schedule<Int>()
        let moments = (0..<300).map { _ in random.int(0...1000) }
        for moment in moments { schedule.add(moment, at: moment) }
        var seen: [Int] = []
        while let next = schedule.next() {
            #expect(next.at == next.act)
            seen.append(next.act)
        }
        #expect(seen == moments.sorted())
    }

    @Test func `what falls on one moment keeps its order, also around what is earlier`() {
        var schedule = Schedule<String>()
        for act in ["a", "b", "c"] { schedule.add(act, at: 5) }
        schedule.add("first", at: 1)
        schedule.add("d", at: 5)
        var seen: [String] = []
        while let next = schedule.next() { seen.append(next.act) }
        #expect(seen == ["first", "a", "b", "c", "d"])
    }
}
