/// The services of AWS that are spoken to, and the names that each goes by.

package enum AWSService: String, CaseIterable, Sendable {
    case s3, ecr, codebuild, codepipeline, lambda, logs, sts, cloudformation
    /// The portal that gives credentials for a session of IAM Identity Center, and what renews the session's token.
    case sso, ssoOIDC

    /// In the scope of a signature.
    package var signingName: String { rawValue }

    /// Before `.{region}.amazonaws.com`.
    package var hostPrefix: String {
        switch self {
        case .ecr: "api.ecr"
        case .sso: "portal.sso"
        case .ssoOIDC: "oidc"
        default: rawValue
        }
    }

    /// After `AWS_ENDPOINT_URL_`, and in a `services` section of the configuration in lower case.
    package var endpointName: String {
        switch self {
        case .logs: "CLOUDWATCH_LOGS"
        case .ssoOIDC: "SSO_OIDC"
        default: rawValue.uppercased()
        }
    }

    /// Before the operation in `X-Amz-Target`; nil where the service does not speak that protocol.
    var target: String? {
        switch self {
        case .ecr: "AmazonEC2ContainerRegistry_V20150921"
        case .codebuild: "CodeBuild_20161006"
        case .codepipeline: "CodePipeline_20150709"
        case .logs: "Logs_20140328"
        default: nil
        }
    }

    /// Of the services that take forms and answer with XML.
    var version: String? {
        switch self {
        case .sts: "2011-06-15"
        case .cloudformation: "2010-05-15"
        default: nil
        }
    }
}
