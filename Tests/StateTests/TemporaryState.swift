/// State folders of their own for a test, and gone with it.

import Foundation
import State

final class TemporaryState {
    let folder: String
    let folders: StateFolders
    var database: String { folders.state + "/state.sqlite" }

    init() throws {
        folder = NSTemporaryDirectory() + "imgwatch-state-\(UUID().uuidString)"
        folders = StateFolders(
            state: folder + "/state/project",
            store: folder + "/data/project",
            shared: folder + "/state"
        )
        try folders.create()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func open() throws -> StateStore { try StateStore.open(folders) }
}
