/// `--chown` and the owner of what WORKDIR makes: names are looked up in the stage's own files.

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
        } else if let line = Self.line(of: user, in: known?.users ?? ""), line.count > 3 {
            (self.user, self.group) = (Int(line[2]) ?? 0, Int(line[3]) ?? 0)
        }
        guard let group else { return }
        if let number = Self.number(group) {
            self.group = number
        } else if let line = Self.line(of: group, in: known?.groups ?? ""), line.count > 2 {
            self.group = Int(line[2]) ?? 0
        }
    }

    init(user: Int, group: Int) { (self.user, self.group) = (user, group) }

    private static func number(_ text: String) -> Int? { text == "root" ? 0 : Int32(text).map(Int.init) }

    private static func line(of name: String, in file: String) -> [Substring]? {
        for line in file.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.first.map(String.init) == name { return fields }
        }
        return nil
    }
}
