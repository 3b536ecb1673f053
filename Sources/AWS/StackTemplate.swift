/// The one CloudFormation template that holds all of AWS that a project needs: text that a person can read and change.
///
/// Source: "AWS resource and property types reference", CloudFormation; "Use identity-based policies", CodeBuild.

package struct StackTemplate: Hashable, Sendable {
    /// Where the images of one name lie in ECR.
    package struct Repository: Hashable, Sendable {
        /// Which tags may come to name another image.
        package enum Moving: Hashable, Sendable {
            case none
            case these([String])
            case all
        }
        /// With the registry's path before it.
        package var name: String
        package var moving = Moving.none
        /// Other images are built on it.
        package var isBase = false
        /// The names of functions that run it.
        package var functions: [String] = []
        /// false: it was there before, and is only named in what the roles may do.
        package var isMade = true

        package init(_ name: String) { self.name = name }
    }

    package struct Function: Hashable, Sendable {
        package var name: String
        /// What it runs with; nil: the role that the stack makes.
        package var role: String?
        /// One that imgwatch moves.
        package var alias: String?
        package init(_ name: String, role: String?, alias: String? = nil) {
            (self.name, self.role, self.alias) = (name, role, alias)
        }
    }

    /// The stack's own name.
    package var stack: String
    /// Of CodeBuild.
    package var project: String
    /// nil: CloudFormation finds one.
    package var bucket: String?
    /// false: it was there before.
    package var makesBucket = true
    /// What stands between the registry's host and the names of images.
    package var registryPath: String?
    package var repositories: [Repository] = []
    package var functions: [Function] = []

    package init(stack: String, project: String, bucket: String?) {
        (self.stack, self.project, self.bucket) = (stack, project, bucket)
    }

    /// CloudFormation takes no more within a request.
    private static let mostBytes = 51_200

    // MARK: Names

    /// Of the role that the stack makes for functions, without the region behind it: it is the same in every stack, so
    /// that a configuration that names it means the one that the stack has.
    package var functionRole: String {
        let most = 40
        guard stack.utf8.count > most else { return "\(stack)-function" }
        return "\(stack.prefix(most - Name.hashLength - 1))-\(Name.hash(stack))-function"
    }

    package var makesFunctionRole: Bool { functions.contains { isOwn($0.role) } }

    private func isOwn(_ role: String?) -> Bool {
        role.map { $0.contains(":role/\(functionRole)-") } ?? true
    }

    /// Those that functions bring with them.
    var otherRoles: [String] {
        var roles: [String] = []
        for case let role? in functions.map(\.role) where !isOwn(role) && !roles.contains(role) { roles.append(role) }
        return roles
    }

    // MARK: Text

    /// The same for the same value, to the byte.
    package func text() throws(AWSError) -> String {
        try check()
        let sections = [
            Self.head, parametersText, "Resources:\n" + resources.joined(separator: "\n"), outputs,
        ]
        return sections.joined(separator: "\n")
    }

    /// The text where it fits into a request to CloudFormation.
    package func requestText() throws(AWSError) -> String {
        let text = try text()
        guard text.utf8.count <= Self.mostBytes else {
            throw AWSError(
                "the template has \(text.utf8.count) bytes for \(repositories.count) images, "
                    + "and CloudFormation takes \(Self.mostBytes) in a request",
                remedy: "let it go by a bucket: `imgwatch aws template > template.yaml`, and "
                    + "`aws cloudformation deploy --template-file template.yaml --stack-name \(stack) "
                    + "--s3-bucket NAME --capabilities CAPABILITY_NAMED_IAM`"
            )
        }
        return text
    }

    private static let head = """
        # Made by `imgwatch aws template`, from the project's configuration. `imgwatch aws deploy` deploys it, and so do
        #
        #   imgwatch aws template > template.yaml
        #   aws cloudformation deploy --template-file template.yaml --stack-name NAME \\
        #     --capabilities CAPABILITY_NAMED_IAM
        #
        # Whoever deploys it needs cloudformation:CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet,
        # DescribeStacks, DescribeStackEvents, ListStackResources and DeleteStack on the stack, and what CloudFormation
        # does in their name: make, change and remove each resource below, IAM's roles and policies among them.
        AWSTemplateFormatVersion: "2010-09-09"
        Description: Where imgwatch builds images, keeps them, and runs them in functions

        """

    private var resources: [String] {
        (makesBucket ? [bucketText] : []) + [buildsText] + repositories.filter(\.isMade).map(text) + roles
    }

    private var outputs: String {
        var all: [(name: String, description: String, value: String)] = [
            ("Bucket", "`bucket` in `aws:` of the configuration", bucketName),
            ("Project", "`project` in `aws:` of the configuration", "!Ref BuildProject"),
            (
                "Registry", "`registry` of the configuration",
                "!Sub \"${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
                    + "\(registryPath.map { "/\($0)" } ?? "")\""
            ),
            ("BuildRole", "What builds may do", "!GetAtt BuildRole.Arn"),
            ("BatchRole", "What batches of builds may do", "!GetAtt BatchRole.Arn"),
            ("DeveloperPolicy", "To be attached to whoever builds", "!Ref DeveloperPolicy"),
        ]
        if !functions.isEmpty {
            all.append(("FunctionPolicy", "To be attached to whoever updates functions", "!Ref FunctionPolicy"))
        }
        if makesFunctionRole {
            all.append(("FunctionRole", "`role` in `lambda:` of the configuration", "!GetAtt FunctionRole.Arn"))
        }
        let texts = all.map { name, description, value in
            "  \(name):\n    Description: \(Name.quoted(description))\n    Value: \(value)\n"
        }
        return "Outputs:\n" + texts.joined()
    }

    // MARK: References to what is in the stack

    var bucketName: String { makesBucket ? "!Ref Bucket" : Name.quoted(bucket ?? "") }

    /// Of the bucket, or of what is in it.
    func bucketARN(_ path: String = "") -> String {
        if makesBucket { return path.isEmpty ? "!GetAtt Bucket.Arn" : "!Sub \"${Bucket.Arn}\(path)\"" }
        return "!Sub \"arn:${AWS::Partition}:s3:::\(bucket ?? "")\(path)\""
    }

    /// The project's own, where a reference to the resource would go in a circle.
    var projectARN: String {
        "!Sub \"arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:project/\(project)\""
    }

    /// By the image's name: with another path it is the same one, which CloudFormation replaces.
    func resource(of repository: Repository) -> String {
        let path = registryPath.map { "\($0)/" } ?? ""
        let image = repository.name.hasPrefix(path) ? repository.name.dropFirst(path.count) : repository.name[...]
        return Name.resource("Repository", String(image))
    }

    func arn(of repository: Repository) -> String {
        if repository.isMade { return "!GetAtt \(resource(of: repository)).Arn" }
        return "!Sub \"arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/\(repository.name)\""
    }

    /// A function may be named by its ARN.
    static func functionARN(_ name: String) -> String {
        if name.hasPrefix("arn:") { return Name.quoted(name) }
        return "!Sub \"arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:\(name)\""
    }
}
