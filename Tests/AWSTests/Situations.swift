/// Environments and files as users have them, right and wrong, for both botocore and us.

@testable import OCI

enum Situations {
    static let all = keys + profiles + programs + roles + tokens + sessions + machines

    private static let user = "aws_access_key_id = AKIDUSER\naws_secret_access_key = user-secret\n"
    private static let variables = ["AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret"]

    private static let keys = [
        Situation(name: "nothing at all"),
        Situation(name: "keys in the environment", variables: variables),
        Situation(
            name: "with a token",
            variables: variables.merging(["AWS_SESSION_TOKEN": "session"]) { $1 }
        ),
        Situation(
            name: "with both tokens",
            variables: variables.merging(["AWS_SESSION_TOKEN": "a", "AWS_SECURITY_TOKEN": "b"]) { $1 }
        ),
        Situation(name: "with no secret", variables: ["AWS_ACCESS_KEY_ID": "AKIDENV"]),
        Situation(
            name: "the environment before the profile it names",
            variables: variables.merging(["AWS_PROFILE": "dev"]) { $1 },
            credentials: "[dev]\n\(user)"
        ),
        Situation(
            name: "a named profile before the environment",
            variables: variables,
            credentials: "[dev]\n\(user)",
            profile: "dev"
        ),
        Situation(name: "a region that is named", variables: variables, region: "us-west-2"),
    ]

    private static let profiles = [
        Situation(name: "the default", credentials: "[default]\n\(user)"),
        Situation(
            name: "a profile of the configuration",
            variables: ["AWS_PROFILE": "dev", "AWS_DEFAULT_REGION": ""],
            config: "[profile dev]\nregion = us-west-2\n\(user)aws_session_token = t\n"
        ),
        Situation(
            name: "the older variable",
            variables: ["AWS_DEFAULT_PROFILE": "dev"],
            config: "[profile dev]\n\(user)aws_security_token = t\n"
        ),
        Situation(
            name: "the credentials before the configuration",
            variables: ["AWS_DEFAULT_REGION": ""],
            config: "[default]\nregion = us-west-1\naws_access_key_id = x\naws_secret_access_key = y\n",
            credentials: "[default]\nregion = us-west-2\n\(user)"
        ),
        Situation(
            name: "a profile in quotes",
            config: "[profile \"my dev\"] # of mine\n\(user)",
            profile: "my dev"
        ),
        Situation(
            name: "blocks, comments, colons and capitals",
            variables: ["AWS_DEFAULT_REGION": ""],
            config: """
                # mine
                [default]
                Region : eu-west-1
                s3 =
                  # nested
                  addressing_style = path

                  max_concurrent_requests = 3
                  ; and more
                AWS_ACCESS_KEY_ID=AKID=1
                  aws_secret_access_key = a # no comment
                """.replacing("  aws_secret", with: "aws_secret")
        ),
        Situation(
            name: "the later of two defaults",
            config: "[profile default]\n\(user)[default]\nregion = us-west-1\n"
        ),
        Situation(name: "no such profile", variables: ["AWS_PROFILE": "prod"], credentials: "[dev]\n\(user)"),
        Situation(name: "no such profile, but keys", variables: variables.merging(["AWS_PROFILE": "prod"]) { $1 }),
        Situation(name: "a broken line", config: "[default]\nregion\n", credentials: "[default]\n\(user)"),
        Situation(name: "a line before any section", config: "region = x\n", credentials: "[default]\n\(user)"),
        Situation(name: "a section twice", credentials: "[default]\n\(user)[default]\n\(user)"),
        Situation(name: "a key twice", credentials: "[default]\n\(user)\(user)"),
        Situation(name: "a broken block", config: "[default]\ns3 =\n  path\n", credentials: "[default]\n\(user)"),
        Situation(name: "an id without a secret", credentials: "[default]\naws_access_key_id = x\n"),
        Situation(
            name: "files elsewhere",
            variables: ["AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": "{home}/k", "AWS_PROFILE": "dev"],
            files: ["c": "[profile dev]\nendpoint_url = https://all.example\n", "k": "[dev]\n\(user)"]
        ),
        Situation(
            name: "endpoints of a section",
            variables: ["AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URL_SSO_OIDC": ""],
            config: """
                [default]
                \(user)services = mine
                endpoint_url = https://all.example:8443
                [services mine]
                s3 =
                  endpoint_url = http://127.0.0.1:9000
                cloudwatch_logs =
                  endpoint_url = http://localhost:4566/base
                """
        ),
        Situation(
            name: "endpoints of the environment",
            variables: [
                "AWS_ENDPOINT_URL": "https://any.example", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "https://l.example",
            ],
            config: "[default]\n\(user)endpoint_url = https://all.example\n"
        ),
        Situation(
            name: "endpoints that do not count",
            variables: ["AWS_ENDPOINT_URL": "https://any.example"],
            config: "[default]\n\(user)ignore_configured_endpoint_urls = True\n"
        ),
        Situation(name: "a section of endpoints that is not there", config: "[default]\n\(user)services = mine\n"),
        Situation(
            name: "validated hosts",
            variables: [
                "AWS_USE_FIPS_ENDPOINT": "TRUE", "AWS_ENDPOINT_URL_STS": "", "AWS_DEFAULT_REGION": "us-gov-west-1",
            ],
            config: "[default]\n\(user)"
        ),
    ]

    private static let programs = [
        Situation(
            name: "a program",
            config: "[default]\ncredential_process = {home}/keys.sh 'two words' \"a \\\" b\" c\\ d\n",
            files: [
                "keys.sh": """
                #!/bin/sh
                echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"AKIDP$#\\", \\"SecretAccessKey\\": \\"$1$2\\"}" |
                    sed 's/ " / quote /'
                """
            ]
        ),
        Situation(
            name: "a program of the credentials",
            credentials: "[default]\ncredential_process = {home}/keys.sh\n",
            files: ["keys.sh": script(#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c"}"#)]
        ),
        Situation(name: "a program that ends in a failure", config: "[default]\ncredential_process = false\n"),
        Situation(name: "a program that is not there", config: "[default]\ncredential_process = no-such-program\n"),
        Situation(
            name: "a program of another version",
            config: "[default]\ncredential_process = {home}/keys.sh\n",
            files: ["keys.sh": script(#"{"Version":2,"AccessKeyId":"a","SecretAccessKey":"b"}"#)]
        ),
        Situation(
            name: "a program behind keys",
            config: "[default]\ncredential_process = false\n",
            credentials: "[default]\n\(user)"
        ),
        Situation(
            name: "a program before keys of the configuration",
            config: "[default]\n\(user)credential_process = {home}/keys.sh\n",
            files: ["keys.sh": script(#"{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}"#)]
        ),
    ]

    private static func script(_ json: String) -> String { "#!/bin/sh\necho '\(json)'\n" }

    private static func role(_ name: String) -> String { "role_arn = arn:aws:iam::111122223333:role/path/\(name)\n" }

    private static let roles = [
        Situation(
            name: "a role",
            config:
                "[profile dev]\n\(role("Dev"))source_profile = user\nduration_seconds = 900\nrole_session_name = me\n",
            credentials: "[user]\n\(user)",
            profile: "dev"
        ),
        Situation(
            name: "a role by a role",
            config: "[profile a]\n\(role("A"))source_profile = b\n[profile b]\n\(role("B"))source_profile = user\n",
            credentials: "[user]\n\(user)",
            profile: "a"
        ),
        Situation(
            name: "a role by the keys beside it",
            config: "[default]\n\(role("Own"))source_profile = default\n\(user)"
        ),
        Situation(
            name: "the environment before a role",
            variables: variables,
            config: "[default]\n\(role("Own"))source_profile = default\n\(user)"
        ),
        Situation(
            name: "a role by the environment",
            variables: ["AWS_ACCESS_KEY_ID": "AKIDUSER", "AWS_SECRET_ACCESS_KEY": "user-secret"],
            config: "[profile dev]\n\(role("Dev"))credential_source = Environment\n",
            profile: "dev"
        ),
        Situation(
            name: "a role by EC2's",
            variables: ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{server}"],
            config: "[default]\n\(role("Dev"))credential_source = Ec2InstanceMetadata\n"
        ),
        Situation(name: "a role by something unknown", config: "[default]\n\(role("Dev"))credential_source = Moon\n"),
        Situation(name: "a role by itself", config: "[default]\n\(role("Dev"))source_profile = default\n"),
        Situation(
            name: "roles in a circle",
            config: "[profile a]\n\(role("A"))source_profile = b\n[profile b]\n\(role("B"))source_profile = a\n",
            profile: "a"
        ),
        Situation(name: "a role by nobody", config: "[default]\n\(role("Dev"))"),
        Situation(
            name: "a role by two",
            config: "[default]\n\(role("Dev"))source_profile = a\ncredential_source = Environment\n"
        ),
        Situation(
            name: "a role by a profile that is not there",
            config: "[default]\n\(role("Dev"))source_profile = a\n"
        ),
        Situation(
            name: "a role by a profile without keys",
            config: "[default]\n\(role("Dev"))source_profile = a\n[profile a]\nregion = x\n"
        ),
        Situation(
            name: "a role with wrong keys",
            config: "[default]\n\(role("Dev"))source_profile = a\n",
            credentials: "[a]\naws_access_key_id = AKIDUSER\naws_secret_access_key = wrong\n"
        ),
    ]

    private static let tokens = [
        Situation(
            name: "a web identity of the environment",
            variables: [
                "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/Pod", "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token",
                "AWS_ROLE_SESSION_NAME": "pod",
            ],
            files: ["token": "web-1"]
        ),
        Situation(
            name: "a web identity of a profile",
            config: "[profile web]\n\(role("Web"))web_identity_token_file = {home}/token\n",
            files: ["token": "web-1"],
            profile: "web"
        ),
        Situation(
            name: "a role by a web identity",
            config: "[default]\n\(role("Dev"))source_profile = web\n"
                + "[profile web]\n\(role("Web"))web_identity_token_file = {home}/token\n",
            files: ["token": "web-1"]
        ),
        Situation(
            name: "a named profile before a web identity of the environment",
            variables: [
                "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/Pod", "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token",
            ],
            credentials: "[dev]\n\(user)",
            files: ["token": "web-1"],
            profile: "dev"
        ),
        Situation(
            name: "a web identity without a role",
            variables: ["AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"],
            files: ["token": "web-1"]
        ),
        Situation(
            name: "a web identity that is refused",
            config: "[default]\n\(role("Web"))web_identity_token_file = {home}/token\n",
            files: ["token": "web-2"]
        ),
    ]

    static let session = """
        [profile dev]
        sso_session = work
        sso_account_id = 111122223333
        sso_role_name = Admin
        [sso-session work]
        sso_start_url = https://work.example/start
        sso_region = us-east-1
        sso_registration_scopes = sso:account:access
        """

    static let oldSession = """
        [profile dev]
        sso_start_url = https://work.example/start
        sso_region = us-east-1
        sso_account_id = 111122223333
        sso_role_name = Admin
        """

    static func cached(_ name: String) -> String { ".aws/sso/cache/\(SHA1.hex(of: name)).json" }

    private static func cache(_ name: String, until end: String) -> [String: String] {
        [
            cached(name):
                #"{"startUrl": "https://work.example/start", "accessToken": "portal-1", "expiresAt": "\#(end)"}"#
        ]
    }

    private static let sessions = [
        Situation(
            name: "a session",
            config: session,
            files: cache("work", until: "2099-01-01T00:00:00Z"),
            profile: "dev"
        ),
        Situation(
            name: "a session of old",
            config: oldSession,
            files: cache("https://work.example/start", until: "2099-01-01T00:00:00UTC"),
            profile: "dev"
        ),
        Situation(
            name: "a session of old that has ended",
            config: oldSession,
            files: cache("https://work.example/start", until: "2020-01-01T00:00:00Z"),
            profile: "dev"
        ),
        Situation(name: "a session that nobody began", config: session, profile: "dev"),
        Situation(
            name: "a session that is not there",
            config: session.replacing("sso-session work", with: "sso-session x"),
            files: cache("work", until: "2099-01-01T00:00:00Z"),
            profile: "dev"
        ),
        Situation(
            name: "a session that says another region",
            config: session.replacing("[sso-session", with: "sso_region = us-west-1\n[sso-session"),
            files: cache("work", until: "2099-01-01T00:00:00Z"),
            profile: "dev"
        ),
        Situation(
            name: "a session without a role",
            config: session.replacing("sso_role_name = Admin\n", with: ""),
            files: cache("work", until: "2099-01-01T00:00:00Z"),
            profile: "dev"
        ),
        Situation(
            name: "a role by a session",
            config: "[default]\n\(role("Dev"))source_profile = dev\n\(session)",
            files: cache("work", until: "2099-01-01T00:00:00Z")
        ),
    ]

    private static let machines = [
        Situation(name: "a container", variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container"]),
        Situation(
            name: "EC2",
            variables: ["AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{server}/"]
        ),
        Situation(name: "EC2 that is not to be asked", variables: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "{server}"]),
        Situation(
            name: "a profile before a container",
            variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container"],
            credentials: "[default]\n\(user)"
        ),
        Situation(
            name: "a container before EC2",
            variables: [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container", "AWS_EC2_METADATA_DISABLED": "",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{server}",
            ]
        ),
        Situation(
            name: "a container far away",
            variables: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/container"]
        ),
    ]
}
