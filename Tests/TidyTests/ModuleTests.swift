import Testing

/// The boundaries between the modules: what the table says, the sources do, and nothing else.
@Suite struct ModuleTests {
    @Test func `a file imports only what its module may`() {
        for file in Repository.sources where file.area == "Sources" {
            let allowed = ModuleTable.row(file.module)?.imports ?? []
            for found in file.imports where !allowed.contains(found.module) {
                Issue.record("\(file.path):\(found.line): \(file.module) may not import \(found.module)")
            }
        }
    }

    @Test func `a module uses every import that it is allowed`() {
        for row in ModuleTable.rows {
            let files = Repository.sources.filter { $0.area == "Sources" && $0.module == row.module }
            #expect(!files.isEmpty, "\(ModuleTable.document) names \(row.module), which has no sources")
            let unused = row.imports.subtracting(files.flatMap { $0.imports.map(\.module) }).sorted()
            #expect(unused.isEmpty, "\(row.module) does not import \(unused): take it out of \(ModuleTable.document)")
        }
    }

    @Test func `every folder of sources is in the table, or is a system library`() {
        let known = Set(ModuleTable.rows.map(\.module))
        for folder in Repository.folders(in: "Sources") where !known.contains(folder) {
            #expect(
                Repository.exists("Sources/\(folder)/module.modulemap"),
                "\(folder) is not in \(ModuleTable.document)"
            )
        }
    }

    @Test func `the table is where it was`() { #expect(ModuleTable.rows.count > 10) }

    @Test func `a system library is imported by one module only`() {
        for folder in Repository.folders(in: "Sources") where Repository.exists("Sources/\(folder)/module.modulemap") {
            let users = ModuleTable.rows.filter { $0.imports.contains(folder) }.map(\.module)
            #expect(users.count == 1, "\(folder): \(users)")
        }
    }

    @Test func `arrows only point downwards: no module imports one that stands below it in the table`() {
        var seen: Set<String> = []
        let house = Set(ModuleTable.rows.map(\.module))
        for row in ModuleTable.rows {
            let later = row.imports.intersection(house).subtracting(seen).sorted()
            #expect(later.isEmpty, "\(row.module) imports \(later)")
            seen.insert(row.module)
        }
    }
}
