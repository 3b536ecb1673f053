/// The part of the template that says who may do what: no more than a build, a function or a developer needs.

extension StackTemplate {
    var roles: [String] {
        [buildRole, batchRole, makesFunctionRole ? functionRoleText : nil, developerPolicy]
            .compactMap(\.self) + (functions.isEmpty ? [] : [functionPolicy])
    }

    /// What is allowed on what; a comment stands before it where it is not plain.
    private struct Statement {
        var name: String
        var actions: [String]
        var resources: [String]
        var comment: String?
        var condition: String?

        init(
            _ name: String,
            _ actions: [String],
            on resources: [String],
            comment: String? = nil,
            condition: String? = nil
        ) {
            (self.name, self.actions, self.resources) = (name, actions, resources)
            (self.comment, self.condition) = (comment, condition)
        }

        func text(indent: String) -> String {
            var lines = comment.map { ["# \($0)"] } ?? []
            lines += ["- Sid: \(name)", "  Effect: Allow", "  Action:"] + actions.map { "    - \($0)" }
            lines += ["  Resource:"] + resources.map { "    - \($0)" }
            if let condition {
                lines.append("  Condition:")
                lines += condition.split(separator: "\n").map { "    \($0)" }
            }
            return lines.map { indent + $0 + "\n" }.joined()
        }
    }

    private static func role(
        _ name: String,
        _ comment: String,
        for service: String,
        condition: String = "",
        properties: String = "",
        _ statements: [Statement]
    ) -> String {
        """
          # \(comment)
          \(name):
            Type: AWS::IAM::Role
            Properties:
        \(properties)\
              AssumeRolePolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - Effect: Allow
                    Principal:
                      Service: \(service).amazonaws.com
                    Action: sts:AssumeRole
        \(condition)\
              Policies:
                - PolicyName: imgwatch
                  PolicyDocument:
                    Version: "2012-10-17"
                    Statement:
        \(statements.map { $0.text(indent: String(repeating: " ", count: 14)) }.joined())
        """
    }

    private static func policy(_ name: String, _ description: String, _ statements: [Statement]) -> String {
        """
          # \(description): to be attached to whoever does it.
          \(name):
            Type: AWS::IAM::ManagedPolicy
            Properties:
              Description: \(Name.quoted(description))
              PolicyDocument:
                Version: "2012-10-17"
                Statement:
        \(statements.map { $0.text(indent: String(repeating: " ", count: 10)) }.joined())
        """
    }

    // MARK: CodeBuild

    /// Nobody else's project can take the role.
    private var onlyThisProject: String {
        """
                    Condition:
                      StringEquals:
                        aws:SourceArn: \(projectARN)

        """
    }

    private var buildRole: String {
        var statements = [
            Statement(
                "WriteLog",
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                on: ["!GetAtt BuildLog.Arn"]
            ),
            Statement(
                "ReadContexts",
                ["s3:GetObject", "s3:GetObjectVersion"],
                on: [bucketARN("/contexts/*")]
            ),
            Statement("FindBucket", ["s3:GetBucketLocation", "s3:ListBucket"], on: [bucketARN()]),
            Self.logIn,
            Self.pullBases,
        ]
        if !repositories.isEmpty {
            statements.append(Statement("Push", Self.push + ["ecr:DescribeImages"], on: repositories.map(arn)))
        }
        statements.append(
            Statement(
                "SeeBuilds",
                ["codebuild:BatchGetBuilds"],
                on: [projectARN],
                comment: "A build that waits for its base ends when the base's build has failed."
            )
        )
        if !functions.isEmpty {
            statements += updateFunctions(
                comment: "A chain of builds that nobody follows makes functions, and gives them their images, itself."
            )
        }
        return Self.role(
            "BuildRole",
            "What a build may do.",
            for: "codebuild",
            condition: onlyThisProject,
            statements
        )
    }

    private var batchRole: String {
        Self.role(
            "BatchRole",
            "What a batch of builds may do.",
            for: "codebuild",
            condition: onlyThisProject,
            [
                Statement(
                    "RunBuilds",
                    ["codebuild:StartBuild", "codebuild:StopBuild", "codebuild:RetryBuild"],
                    on: [projectARN]
                )
            ]
        )
    }

    // MARK: ECR

    private static let logIn = Statement(
        "LogIn",
        ["ecr:GetAuthorizationToken"],
        on: ["\"*\""],
        comment: "AWS has no narrower resource for this action."
    )

    private static let pull = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
    ]

    private static let push =
        pull + ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]

    private static let pullBases = Statement(
        "PullBases",
        pull,
        on: ["!Sub \"arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*\""],
        comment: "A Dockerfile may name any base of this account."
    )

    /// Lambda looks at the policy in the name of whoever gives it an image.
    private var seePolicies: [Statement] {
        let run = repositories.filter { !$0.functions.isEmpty }
        return run.isEmpty ? [] : [Statement("SeePolicies", ["ecr:GetRepositoryPolicy"], on: run.map(arn))]
    }

    private var setPolicies: [Statement] {
        let run = repositories.filter { !$0.functions.isEmpty && !$0.isMade }
        guard !run.isEmpty else { return [] }
        return [
            Statement(
                "SetPolicies",
                ["ecr:SetRepositoryPolicy"],
                on: run.map(arn),
                comment: "Lambda adds what it needs to the policy of a repository that was there before the stack."
            )
        ]
    }

    // MARK: Functions

    /// As AWSLambdaBasicExecutionRole, for these functions alone.
    private var functionRoleText: String {
        let own = functions.filter { !otherRoles.contains($0.role ?? "") }.map { function in
            let name = function.name.split(separator: ":").last.map(String.init) ?? function.name
            return "!Sub \"arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:"
                + "log-group:/aws/lambda/\(name):*\""
        }
        return Self.role(
            "FunctionRole",
            "What a function may do: that its log is written. Add what the function itself needs.",
            for: "lambda",
            properties: "      RoleName: !Sub \"\(functionRole)-${AWS::Region}\"\n",
            [
                Statement(
                    "WriteLogs",
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    on: own
                )
            ]
        )
    }

    // MARK: Developers

    private var developerPolicy: String {
        var statements = [
            Statement("SendContexts", ["s3:PutObject", "s3:GetObject"], on: [bucketARN("/contexts/*")]),
            Statement(
                "FindBucket",
                ["s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
                on: [bucketARN()]
            ),
            Statement(
                "Build",
                [
                    "codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds",
                    "codebuild:StartBuildBatch", "codebuild:StopBuildBatch", "codebuild:BatchGetBuildBatches",
                    "codebuild:BatchGetProjects",
                ],
                on: [projectARN]
            ),
            Statement("ReadLog", ["logs:GetLogEvents"], on: ["!GetAtt BuildLog.Arn"]),
            Self.logIn,
            Self.pullBases,
        ]
        if !repositories.isEmpty {
            statements.append(
                Statement(
                    "Push",
                    Self.push + ["ecr:DescribeImages", "ecr:DescribeRepositories"],
                    on: repositories.map(arn)
                )
            )
        }
        return Self.policy("DeveloperPolicy", "What imgwatch does to build images", statements)
    }

    private var functionPolicy: String {
        Self.policy("FunctionPolicy", "What imgwatch does to give functions their images", updateFunctions())
    }

    private func updateFunctions(comment: String? = nil) -> [Statement] {
        let update = Statement(
            "UpdateFunctions",
            [
                "lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:ListTags", "lambda:TagResource",
                "lambda:UntagResource", "lambda:CreateFunction", "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "lambda:GetAlias",
                "lambda:CreateAlias", "lambda:UpdateAlias",
            ],
            // What an alias shows is asked for by a name of its own.
            on: functions.flatMap { function in
                [function.name] + (function.alias.map { ["\(function.name):\($0)"] } ?? [])
            }.map(Self.functionARN),
            comment: comment
        )
        let giveRole = Statement(
            "GiveRole",
            ["iam:PassRole"],
            on: (makesFunctionRole ? ["!GetAtt FunctionRole.Arn"] : []) + otherRoles.map(Name.quoted),
            condition: "StringEquals:\n  iam:PassedToService: lambda.amazonaws.com"
        )
        return [update] + seePolicies + setPolicies + [giveRole]
    }
}
