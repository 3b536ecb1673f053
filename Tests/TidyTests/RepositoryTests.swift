import Foundation
import Testing

/// What is checked in, and what the documents promise about it.
@Suite struct RepositoryTests {
    static let documents = Repository.tracked.filter { $0.hasSuffix(".md") }
    static let isCheckout = !Repository.tracked.isEmpty

    @Test(.enabled(if: isCheckout, "no git checkout")) func `nothing that was made is checked in`() {
        let made = Repository.tracked.filter { path in
            path.split(separator: "/").contains {
                $0.hasPrefix(".build") || $0 == "Package.resolved" || $0 == ".DS_Store"
            }
        }
        #expect(made == [])
    }

    @Test(.enabled(if: isCheckout, "no git checkout")) func `no file names the folder in which somebody worked`() {
        let places = [Repository.root, NSHomeDirectory()].filter { $0.split(separator: "/").count > 1 }
        for path in Repository.tracked {
            guard let text = Repository.text(of: path) else { continue }
            for place in places { #expect(!text.contains(place), "\(path) names \(place)") }
        }
    }

    @Test(.enabled(if: isCheckout, "no git checkout")) func `a link leads somewhere`() {
        for document in Self.documents {
            let folder = document.split(separator: "/").dropLast().map { $0 + "/" }.joined()
            for match in (Repository.text(of: document) ?? "").matches(of: /\]\(([^)#\s]+)[^)]*\)/) {
                let isElsewhere = match.1.contains("://") || match.1.hasPrefix("mailto:")
                #expect(isElsewhere || Repository.exists(folder + match.1), "\(document): \(match.1)")
            }
        }
    }

    @Test(.enabled(if: isCheckout, "no git checkout")) func `a make target that a document names exists`() {
        let makefile = Repository.text(of: "Makefile") ?? ""
        let targets = Set(makefile.matches(of: /(?m)^([\w-]+):/).map { String($0.1) })
        for document in Self.documents {
            for match in (Repository.text(of: document) ?? "").matches(of: /(?:`|\n {4})make ([\w-]+)/) {
                #expect(targets.contains(String(match.1)), "\(document): make \(match.1)")
            }
        }
    }

    @Test func `the README names the two commands that do all the set-up`() throws {
        let readme = try #require(Repository.text(of: "README.md"))
        let firstScreen = readme.split(separator: "\n", omittingEmptySubsequences: false).prefix(40)
        for command in ["make demo", "make test"] {
            #expect(firstScreen.contains { $0.contains(command) }, "\(command) is not on the first screen")
        }
    }
}
