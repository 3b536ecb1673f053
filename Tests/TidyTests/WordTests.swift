import Testing

/// Words that have a home: elsewhere they mean that something is done in the wrong place.
@Suite struct WordTests {
    struct Word: Sendable {
        var text: String
        /// The modules that may use it.
        var homes: Set<String> = []
        var instead: String
        /// Whether tests must do without it as well.
        var isForTests = false
    }

    static let words =
        ["print("].map { Word(text: $0, homes: ["simulate", "watchbench"], instead: "return the text") }
        + ["ContinuousClock", "SuspendingClock", "Date(", "Date.now", "gettimeofday("].map {
            Word(text: $0, homes: ["imgwatch", "watchbench"], instead: "take the moment as an argument")
        }
        // Events carry the time of day; a file that changed just now may change again within the same timestamp.
        + [Word(text: "clock_gettime(", homes: ["Reporting", "Inputs"], instead: "take the moment as an argument")]
        + ["Task {", "Task.detached"].map {
            Word(
                text: $0,
                homes: ["imgwatch", "Serving"],
                instead: "use a task group, so that nothing outlives its caller"
            )
        }
        + ["Thread.sleep", "Task.sleep", "usleep(", "nanosleep(", "sleep("].map {
            Word(text: $0, homes: ["imgwatch"], instead: "wait for an event", isForTests: true)
        }
        // Their threads are looked after once a second, for as long as the process lives.
        + [".global(", "concurrentPerform"].map { Word(text: $0, instead: "take a serial queue, or SideBySide") }
        + ["try!", "as!", "fatalError("].map {
            Word(text: $0, instead: "throw, or state a precondition", isForTests: true)
        }
        + [".disabled(", "withKnownIssue"].map { Word(text: $0, instead: "mend it", isForTests: true) }

    @Test func `a word stays at home`() {
        for word in Self.words {
            for file in Repository.sources where word.isForTests || file.area == "Sources" {
                if word.homes.contains(file.module) { continue }
                let lines = file.lines(using: word.text)
                #expect(lines.isEmpty, "\(file.path):\(lines): no '\(word.text)' here; \(word.instead)")
            }
        }
    }

    @Test(arguments: ["@unchecked Sendable", "nonisolated(unsafe)", "unsafeBitCast("])
    func `what the compiler cannot check has its reason beside it`(word: String) {
        for file in Repository.sources {
            for line in file.lines(using: word) {
                let isExplained = !file.comments[line - 1].isEmpty || line > 1 && !file.comments[line - 2].isEmpty
                #expect(isExplained, "\(file.path):\(line): '\(word)' without the sentence that makes it true")
            }
        }
    }

    @Test func `nothing is left for later`() {
        for file in Repository.sources {
            for (index, comment) in file.comments.enumerated()
            where !comment.isEmpty && comment.contains(/\b(TODO|FIXME|XXX|HACK)\b/) {
                Issue.record("\(file.path):\(index + 1): do it, or file it")
            }
        }
    }
}
