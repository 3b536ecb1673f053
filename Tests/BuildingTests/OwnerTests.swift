import Testing

@testable import Building

@Suite struct OwnerTests {
    private static let names = Owner.Names(
        users: "root:x:0:0:root:/root:/bin/sh\n\napp:x:1234:2345::/:\nbroken\napp:x:9:9::/:\nbob:x:12\n  ed:x:3:4:\r\n"
            + "sp:x: 5 :6::/:\n#c:x:7:8:\n",
        groups: "root:x:0:\nstaff:x:50:app\n\tgap:x:51\n#c:x:52:\n"
    )

    @Test(arguments: [
        ("1000", 1000, 1000), ("1000:5", 1000, 5), ("root", 0, 0), ("root:5", 0, 5), ("5:root", 5, 0),
        ("app", 1234, 2345), ("app:staff", 1234, 50), ("7:staff", 7, 50), ("app:7", 1234, 7),
        ("nobody", 0, 0), ("app:nobody", 1234, 2345), (":7", 0, 7), ("broken", 0, 0),
        ("bob", 12, 0), ("ed", 3, 4), ("sp", 0, 6), ("#c", 7, 8), ("7:gap", 7, 51), ("7:#c", 7, 7),
    ])
    func `names come from the stage's files, and unknown ones are root's`(text: String, user: Int, group: Int) throws {
        let owner = try Owner(text) { Self.names }
        #expect(owner == Owner(user: user, group: group))
    }

    @Test(arguments: ["0", "root", "1:2", "root:root"])
    func `numbers need no files`(text: String) throws {
        _ = try Owner(text) { () throws(BuildProblem) in throw .cancelled }
    }
}
