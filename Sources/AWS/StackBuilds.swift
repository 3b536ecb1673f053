/// The part of the template that builds: the bucket for contexts, the CodeBuild project, its log, and parameters.

extension StackTemplate {
    // MARK: Parameters

    /// What whoever deploys may choose.
    package struct Parameter: Hashable, Sendable {
        package var name: String
        /// What it is where nobody has chosen.
        package var value: String
        var type = "Number"
        var description: String
        var range: ClosedRange<Int>?
        var allowed: [String] = []

        init(_ name: String, _ value: Int, _ range: ClosedRange<Int>?, _ description: String) {
            (self.name, self.value, self.range, self.description) = (name, "\(value)", range, description)
        }

        init(_ name: String, _ value: String, _ description: String, allowed: [String] = []) {
            (self.name, self.value, self.description, self.allowed) = (name, value, description, allowed)
            type = "String"
        }

        fileprivate var text: String {
            var lines = ["  \(name):", "    Type: \(type)", "    Default: \(value)"]
            if let range { lines += ["    MinValue: \(range.lowerBound)", "    MaxValue: \(range.upperBound)"] }
            if !allowed.isEmpty { lines.append("    AllowedValues: [\(allowed.joined(separator: ", "))]") }
            lines.append("    Description: \(Name.quoted(description))")
            return lines.map { $0 + "\n" }.joined()
        }
    }

    /// Only those that something reads.
    package var parameters: [Parameter] {
        Self.buildParameters
            + (makesBucket ? [Parameter("ContextDays", 14, 2...3650, "A build context is kept for so many days")] : [])
            + imageParameters
    }

    var parametersText: String { "Parameters:\n" + parameters.map(\.text).joined() }

    private static let buildParameters: [Parameter] = {
        var log = Parameter("LogDays", 30, nil, "The log of a build is kept for so many days")
        // Those that PutRetentionPolicy of CloudWatch Logs takes.
        log.allowed = ["1", "3", "5", "7", "14", "30", "60", "90", "180", "365", "731"]
        return [
            Parameter("BuildImage", "aws/codebuild/standard:7.0", "The image that builds run in"),
            Parameter(
                "BuildComputeType",
                "BUILD_GENERAL1_SMALL",
                "The machine of builds: a larger one costs more a minute",
                allowed: ["SMALL", "MEDIUM", "LARGE", "XLARGE"].map { "BUILD_GENERAL1_\($0)" }
            ),
            Parameter("BuildMinutes", 60, 5...480, "A build ends after so many minutes"),
            Parameter("QueuedMinutes", 60, 5...480, "A build that finds no machine ends after so many minutes"),
            Parameter("BatchMinutes", 240, 5...2160, "A batch of builds ends after so many minutes"),
            log,
        ]
    }()

    private var imageParameters: [Parameter] {
        let made = repositories.filter(\.isMade)
        let all = [
            Parameter("UntaggedDays", 14, 1...3650, "Images without a tag are kept for so many days"),
            Parameter("UntaggedImages", 500, 50...10_000, "So many of the newest images without a tag are kept"),
            Parameter(
                "MostImages",
                5000,
                100...10_000,
                "So many of the newest images are kept of those that nothing is built on and no function runs"
            ),
        ]
        let isUsed = [
            made.contains { !$0.mayRunUntagged }, made.contains(where: \.mayRunUntagged),
            made.contains(where: \.isCounted),
        ]
        return zip(all, isUsed).filter(\.1).map(\.0)
    }

    // MARK: Contexts

    var bucketText: String { storage + tlsOnly }

    /// Versions: what a build was started with is what it gets, whatever comes under that key meanwhile.
    private var storage: String {
        """
          # Contexts of builds, each under the hash of its bytes.
          Bucket:
            Type: AWS::S3::Bucket
            DeletionPolicy: Delete
            UpdateReplacePolicy: Retain
            Properties:
        \(bucket.map { "      BucketName: \(Name.quoted($0))\n" } ?? "")\
              VersioningConfiguration:
                Status: Enabled
              PublicAccessBlockConfiguration:
                BlockPublicAcls: true
                BlockPublicPolicy: true
                IgnorePublicAcls: true
                RestrictPublicBuckets: true
              OwnershipControls:
                Rules:
                  - ObjectOwnership: BucketOwnerEnforced
              BucketEncryption:
                ServerSideEncryptionConfiguration:
                  - ServerSideEncryptionByDefault:
                      SSEAlgorithm: AES256
              LifecycleConfiguration:
                Rules:
                  - Id: contexts
                    Status: Enabled
                    Prefix: contexts/
                    ExpirationInDays: !Ref ContextDays
                    NoncurrentVersionExpiration:
                      NoncurrentDays: 2
                    AbortIncompleteMultipartUpload:
                      DaysAfterInitiation: 1
                  - Id: markers
                    Status: Enabled
                    Prefix: contexts/
                    ExpiredObjectDeleteMarker: true


        """
    }

    private var tlsOnly: String {
        """
          BucketPolicy:
            Type: AWS::S3::BucketPolicy
            Properties:
              Bucket: !Ref Bucket
              PolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - Sid: OnlyOverTLS
                    Effect: Deny
                    Principal: "*"
                    Action: s3:*
                    Resource:
                      - !GetAtt Bucket.Arn
                      - !Sub "${Bucket.Arn}/*"
                    Condition:
                      Bool:
                        aws:SecureTransport: "false"

        """
    }

    // MARK: Builds

    var buildsText: String { log + builds }

    private var log: String {
        """
          BuildLog:
            Type: AWS::Logs::LogGroup
            DeletionPolicy: Delete
            UpdateReplacePolicy: Delete
            Properties:
              LogGroupName: \(Name.quoted("/aws/codebuild/\(project)"))
              RetentionInDays: !Ref LogDays


        """
    }

    private var builds: String {
        """
          # A build brings its context and its commands; what stands here is for one that is started without.
          BuildProject:
            Type: AWS::CodeBuild::Project
            Properties:
              Name: \(Name.quoted(project))
              Description: Builds images for imgwatch, which gives each build its context and its commands
              ServiceRole: !GetAtt BuildRole.Arn
              Source:
                Type: NO_SOURCE
                BuildSpec: |
                  version: 0.2
                  phases:
                    build:
                      commands:
                        - echo "imgwatch starts builds with commands of their own" && false
              Artifacts:
                Type: NO_ARTIFACTS
              Environment:
                Type: LINUX_CONTAINER
                Image: !Ref BuildImage
                ComputeType: !Ref BuildComputeType
                # Docker runs in the build.
                PrivilegedMode: true
              Cache:
                Type: LOCAL
                Modes:
                  - LOCAL_DOCKER_LAYER_CACHE
              TimeoutInMinutes: !Ref BuildMinutes
              QueuedTimeoutInMinutes: !Ref QueuedMinutes
              LogsConfig:
                CloudWatchLogs:
                  Status: ENABLED
                  GroupName: !Ref BuildLog
              BuildBatchConfig:
                ServiceRole: !GetAtt BatchRole.Arn
                TimeoutInMins: !Ref BatchMinutes
                Restrictions:
                  MaximumBuildsAllowed: 100

        """
    }
}
