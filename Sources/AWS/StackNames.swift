/// Names in a template: what AWS takes for one, and what the resources of a stack are called in it.

internal import OCI

extension StackTemplate {
    enum Name {
        static let hashLength = 8

        static func hash(_ name: String) -> String {
            String(Digest.sha256(of: Array(name.utf8)).hex.prefix(hashLength))
        }

        /// Letters and digits, and another one for each name: what is called differently is made anew.
        ///
        /// `base-label` is `RepositoryBaseLabel`. Where more is in a name than words and single hyphens, a hash tells
        /// it from others.
        static func resource(_ kind: String, _ name: String) -> String {
            let words = name.split(omittingEmptySubsequences: false) { !isLetter($0) && !isDigit($0) }
            let isPlain =
                words.allSatisfy { $0.first.map(isLetter) ?? false }
                && name.allSatisfy { isLetter($0) || isDigit($0) || $0 == "-" }
            let parts = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }
            return kind + parts.joined() + (isPlain ? "" : hash(name))
        }

        private static func isLetter(_ sign: Character) -> Bool { ("a"..."z").contains(sign) }
        private static func isDigit(_ sign: Character) -> Bool { ("0"..."9").contains(sign) }

        /// In double quotes: YAML and CloudFormation take it as it is.
        static func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
    }

    /// Names come from the configuration; what AWS would refuse in the middle of a deployment is refused before it.
    func check() throws(AWSError) {
        try Self.check("the stack's name", stack, /[A-Za-z][A-Za-z0-9-]{0,127}/, "letters, digits and hyphens")
        try Self.check("`project`", project, /[A-Za-z0-9][A-Za-z0-9_-]{1,149}/, "letters, digits, `-` and `_`")
        if let bucket {
            try Self.check("`bucket`", bucket, /[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/, "3 to 63 of a-z, 0-9, `.` and `-`")
        }
        for repository in repositories {
            try Self.check(
                "the repository",
                repository.name,
                /(?=.{2,256}$)([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*\/)*[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*/,
                "2 to 256 lower-case letters, digits, and `.`, `_`, `-`, `/` between them"
            )
        }
        for function in functions {
            try Self.check(
                "the function",
                function.name,
                /(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[A-Za-z0-9_-]{1,64}/,
                "1 to 64 letters, digits, `-` and `_`, or an ARN"
            )
            guard let role = function.role else { continue }
            try Self.check(
                "the role",
                role,
                /arn:aws[a-z-]*:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@\/-]{1,512}/,
                "an ARN: arn:aws:iam::ACCOUNT:role/NAME"
            )
        }
    }

    private static func check(
        _ what: String,
        _ name: String,
        _ pattern: Regex<some Any>,
        _ rule: String
    ) throws(AWSError) {
        guard name.wholeMatch(of: pattern) == nil else { return }
        throw AWSError("\(what), `\(name)`, is no name that AWS takes", remedy: "it takes \(rule)")
    }
}
