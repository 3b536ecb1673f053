/// `--chown` and the owner of what WORKDIR makes: names are looked up in the stage's own files.

internal import Dockerfile

struct Owner: Equatable {
    var user: Int
    var group: Int

    static let root = Owner(user: 0, group: 0)

    /// The two files in which names are looked up, as they are in the stage.
    struct Names {
        var users: String
        var groups: String
    }

    /// Reads `user[:group]`.
    ///
    /// As in BuildKit a user's number alone is also the group's; a user's name brings the group of `/etc/passwd`; a
    /// name that is not found is root.
    init(_ text: String, names: () throws(BuildProblem) -> Names) throws(BuildProblem) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let user = parts.first ?? ""
        let group = parts.count > 1 ? parts[1] : nil
        (self.user, self.group) = (0, 0)
        let known = try Self.number(user) == nil || group.map { Self.number($0) == nil } == true ? names() : nil
        if let number = Self.number(user) {
            (self.user, self.group) = (number, number)
        } else if let line = Self.line(of: user, in: known?.users ?? "") {
            (self.user, self.group) = (Self.number(2, of: line), Self.number(3, of: line))
        }
        guard let group else { return }
        if let number = Self.number(group) {
            self.group = number
        } else if let line = Self.line(of: group, in: known?.groups ?? "", hasComments: true) {
            self.group = Self.number(2, of: line)
        }
    }

    init(user: Int, group: Int) { (self.user, self.group) = (user, group) }

    private static func number(_ text: String) -> Int? { text == "root" ? 0 : Int32(text).map(Int.init) }

    /// The fields of the first line with that name.
    ///
    /// White space around a line does not count, what is missing at its end is 0, and only the file of the groups has
    /// comments (`moby/sys/user`).
    private static func line(of name: String, in file: String, hasComments: Bool = false) -> [String]? {
        for line in file.utf8.split(separator: UInt8(ascii: "\n")).map({ Substring($0).trimmed }) {
            if hasComments, line.begins(with: "#") { continue }
            let fields = line.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            if let first = fields.first, first.elementsEqual(name.utf8) { return fields.map { String(Substring($0)) } }
        }
        return nil
    }

    private static func number(_ index: Int, of fields: [String]) -> Int {
        fields.indices.contains(index) ? Int(fields[index]) ?? 0 : 0
    }
}
