/// The part of the template that keeps images: a repository for each name, and what ECR removes by itself.

extension StackTemplate {
    func text(_ repository: Repository) -> String {
        """
          \(resource(of: repository)):
            Type: AWS::ECR::Repository
            DeletionPolicy: Delete
            UpdateReplacePolicy: Retain
            Properties:
              RepositoryName: \(Name.quoted(repository.name))
        \(Self.mutability(repository.moving))
              ImageScanningConfiguration:
                ScanOnPush: true
              LifecyclePolicy:
                LifecyclePolicyText: !Sub |
                  {"rules": [
        \(Self.rules(of: repository).joined(separator: ",\n"))
                  ]}
        \(Self.pulls(by: repository.functions))
        """
    }

    // MARK: Tags

    /// Source: "Preventing image tags from being overwritten in Amazon ECR": at most five filters.
    private static let mostFilters = 5

    private static func mutability(_ moving: Repository.Moving) -> String {
        switch moving {
        case .these(let tags) where !tags.isEmpty && tags.count <= mostFilters:
            let filters = tags.map { tag in
                """
                        - ImageTagMutabilityExclusionFilterType: WILDCARD
                          ImageTagMutabilityExclusionFilterValue: \(Name.quoted(tag))
                """
            }
            return """
                      ImageTagMutability: IMMUTABLE_WITH_EXCLUSION
                      ImageTagMutabilityExclusionFilters:
                \(filters.joined(separator: "\n"))
                """
        case .none, .these([]): return "      ImageTagMutability: IMMUTABLE"
        case .these, .all: return "      ImageTagMutability: MUTABLE"
        }
    }

    // MARK: What is removed by itself

    /// Nothing that has a tag goes because of its age: a base that nobody changes grows old, and is in use still.
    ///
    /// Nor does an image that a function may run, by whatever number of newer ones; an image without a tag may be one
    /// of those only where tags move.
    private static func rules(of repository: Repository) -> [String] {
        var rules: [String] = []
        if repository.mayRunUntagged {
            rules.append(
                rule(
                    1,
                    "many without a tag: a function may run one of the newest",
                    #""tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": ${UntaggedImages}"#
                )
            )
        } else {
            rules.append(
                rule(
                    1,
                    "without a tag, so that nothing is built on it",
                    #""tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "#
                        + #""countNumber": ${UntaggedDays}"#
                )
            )
        }
        if repository.isCounted {
            rules.append(
                rule(
                    2,
                    "far more than anybody looks back to",
                    #""tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": ${MostImages}"#
                )
            )
        }
        return rules
    }

    private static func rule(_ priority: Int, _ description: String, _ selection: String) -> String {
        """
                    {"rulePriority": \(priority), "description": "\(description)",
                     "selection": {\(selection)},
                     "action": {"type": "expire"}}
        """
    }

    // MARK: Who pulls

    /// Lambda pulls what a function runs, when it is given it and whenever it comes to need it again.
    ///
    /// Source: "Create a Lambda function using a container image", Amazon ECR permissions.
    private static func pulls(by functions: [String]) -> String {
        guard !functions.isEmpty else { return "" }
        let sources = functions.map { name in
            let arn =
                name.hasPrefix("arn:")
                ? name : "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:\(name)"
            return "                  - !Sub \"\(arn)\"\n                  - !Sub \"\(arn):*\""
        }
        return """
                  RepositoryPolicyText:
                    Version: "2012-10-17"
                    Statement:
                      - Sid: LambdaPulls
                        Effect: Allow
                        Principal:
                          Service: lambda.amazonaws.com
                        Action:
                          - ecr:BatchGetImage
                          - ecr:GetDownloadUrlForLayer
                        Condition:
                          ArnLike:
                            aws:sourceArn:
            \(sources.joined(separator: "\n"))

            """
    }
}

extension StackTemplate.Repository {
    /// Whether old images go when there are very many.
    var isCounted: Bool { !isBase && functions.isEmpty }

    /// Whether a function may run an image that has lost its tag to a newer one.
    var mayRunUntagged: Bool { !functions.isEmpty && moving == .all }
}
