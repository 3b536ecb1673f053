import Foundation
import State
import Testing

@Suite struct StateFoldersTests {
    @Test func `the XDG folders are taken, and the defaults where they are not set`() {
        let root = "/home/me/shop"
        let given = StateFolders.forProject(
            root: root,
            environment: ["HOME": "/home/me", "XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d/"]
        )
        let name = given.state.dropFirst("/s/imgwatch/".count)
        #expect(name.wholeMatch(of: /shop-[0-9a-f]{12}/) != nil)
        #expect(given.store == "/d/imgwatch/\(name)")
        #expect(given.shared == "/s/imgwatch")
        let defaults = StateFolders.forProject(root: root, environment: ["HOME": "/home/me"])
        #expect(defaults.state == "/home/me/.local/state/imgwatch/\(name)")
        #expect(defaults.store == "/home/me/.local/share/imgwatch/\(name)")
    }

    @Test(arguments: ["relative", "", "./x"]) func `a folder that is not absolute is ignored`(value: String) {
        let environment = ["HOME": "/h", "XDG_STATE_HOME": value, "XDG_DATA_HOME": value]
        let plain = StateFolders.forProject(root: "/p", environment: ["HOME": "/h"])
        #expect(StateFolders.forProject(root: "/p", environment: environment) == plain)
    }

    @Test func `without HOME the user's entry in the password file is asked`() throws {
        let home = try #require(getpwuid(getuid())?.pointee.pw_dir.map { String(cString: $0) })
        let folders = StateFolders.forProject(root: "/p", environment: [:])
        #expect(folders.shared == (home == "/" ? "" : home) + "/.local/state/imgwatch")
    }

    @Test func `projects of the same name have different folders`() {
        let environment = ["HOME": "/h"]
        let roots = ["/a/shop", "/b/shop", "/", "/a/sh op", "/a/sh-op", "/a/" + String(repeating: "x", count: 300)]
        let folders = roots.map { StateFolders.forProject(root: $0, environment: environment) }
        #expect(Set(folders.map(\.state)).count == roots.count)
        for folder in folders {
            #expect(folder.state.dropFirst("/h/.local/state/imgwatch/".count).wholeMatch(of: /[\w.-]{1,45}/) != nil)
        }
    }

    @Test func `the folders are made for the user alone, and may be there already`() throws {
        let place = try TemporaryState()
        try place.folders.create()
        for folder in [place.folders.state, place.folders.store] {
            var raw = stat()
            #expect(stat(folder, &raw) == 0)
            #expect(raw.st_mode & 0o777 == 0o700)
        }
    }

    @Test func `a file in the way is an error that names it`() throws {
        let place = try TemporaryState()
        var folders = place.folders
        folders.state = place.folder + "/file"
        try "".write(toFile: folders.state, atomically: false, encoding: .utf8)
        let error = #expect(throws: StateError.self) { try folders.create() }
        #expect(error?.reason.contains(folders.state) == true)
    }
}
