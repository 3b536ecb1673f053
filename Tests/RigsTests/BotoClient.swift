/// boto3, as the client that AWS itself made: what it gets through must be right, and what it says of refusals too.

import Foundation
import Rigs

enum BotoClient {
    private static let preamble = """
        import datetime, json, sys, urllib.error, urllib.request
        import boto3
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from os import environ

        session, endpoint = boto3.Session(), environ["AWS_ENDPOINT_URL"]

        def client(service, attempts=1, **settings):
            retries = {"total_max_attempts": attempts, "mode": "standard"}
            return boto3.client(service, config=Config(retries=retries, s3={"addressing_style": "path"}), **settings)

        def code(call, **fields):
            try:
                call(**fields)
                return "OK"
            except ClientError as problem:
                return f"{problem.response['ResponseMetadata']['HTTPStatusCode']} {problem.response['Error']['Code']}"
            except BotoCoreError as problem:
                return type(problem).__name__

        def say(value):
            print(json.dumps(value, default=str))

        """

    /// Runs a script that says one value; gives that.
    static func run(
        _ servers: AWSServers,
        _ script: String,
        environment: [String: String] = [:]
    ) async throws -> JSONValue {
        let variables = servers.environment.merging(environment) { $1 }
        let output = try await AWSServers.tool("python3").succeed(["-c", preamble + script], environment: variables)
        return try JSONDecoder().decode(JSONValue.self, from: Data(output.utf8))
    }
}
