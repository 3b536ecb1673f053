/// Test data from authoritative sources that lies beside the repository, where it does.

import Foundation

enum Oracles {
    static let sigV4: [UInt8]? = {
        var repository = URL(filePath: #filePath)
        for _ in 0..<3 { repository.deleteLastPathComponent() }
        let file = repository.deletingLastPathComponent().appending(path: "shared/oracles/sigv4/vectors.json")
        return FileManager.default.contents(atPath: file.path).map { Array($0) }
    }()
}
