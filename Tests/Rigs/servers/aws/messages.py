"""Requests and answers as the gate passes them on inside itself, and refusals in the shape that each protocol has."""
import json
import re
import uuid
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

TARGETS = {
    "AmazonEC2ContainerRegistry_V20150921": "ecr", "CodeBuild_20161006": "codebuild",
    "CodePipeline_20150709": "codepipeline", "Logs_20140328": "logs",
}
SCOPE = re.compile(r"Credential=([^/,]+)/(\d+)/([^/,]*)/([^/,]*)/aws4_request")
# The part of S3's operations that clients of builds use: by method, whether a key is named, and a word of the query.
S3_OPERATIONS = [
    ("PUT", True, "partNumber", "UploadPart"), ("PUT", True, None, "PutObject"),
    ("GET", True, None, "GetObject"), ("HEAD", True, None, "HeadObject"),
    ("POST", True, "uploads", "CreateMultipartUpload"), ("POST", True, "uploadId", "CompleteMultipartUpload"),
    ("DELETE", True, "uploadId", "AbortMultipartUpload"), ("DELETE", True, None, "DeleteObject"),
    ("POST", False, "delete", "DeleteObjects"), ("HEAD", False, None, "HeadBucket"),
    ("PUT", False, "versioning", "PutBucketVersioning"), ("GET", False, "versioning", "GetBucketVersioning"),
    ("PUT", False, "lifecycle", "PutBucketLifecycleConfiguration"), ("GET", False, "versions", "ListObjectVersions"),
    ("PUT", False, "policy", "PutBucketPolicy"), ("PUT", False, "publicAccessBlock", "PutPublicAccessBlock"),
    ("PUT", False, "encryption", "PutBucketEncryption"), ("GET", False, "list-type", "ListObjectsV2"),
    ("PUT", False, None, "CreateBucket"), ("DELETE", False, None, "DeleteBucket"), ("GET", False, None, "ListObjects"),
]
LAMBDA_OPERATIONS = [
    ("POST", r"/2015-03-31/functions/?", "CreateFunction"), ("GET", r"/2015-03-31/functions/?", "ListFunctions"),
    ("GET", r"/2015-03-31/functions/([^/]+)/configuration", "GetFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/configuration", "UpdateFunctionConfiguration"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/code", "UpdateFunctionCode"),
    ("POST", r"/2015-03-31/functions/([^/]+)/versions", "PublishVersion"),
    ("GET", r"/2015-03-31/functions/([^/]+)/versions", "ListVersionsByFunction"),
    ("POST", r"/2015-03-31/functions/([^/]+)/aliases", "CreateAlias"),
    ("GET", r"/2015-03-31/functions/([^/]+)/aliases", "ListAliases"),
    ("GET", r"/2015-03-31/functions/([^/]+)/aliases/([^/]+)", "GetAlias"),
    ("PUT", r"/2015-03-31/functions/([^/]+)/aliases/([^/]+)", "UpdateAlias"),
    ("DELETE", r"/2015-03-31/functions/([^/]+)/aliases/([^/]+)", "DeleteAlias"),
    ("GET", r"/2015-03-31/functions/([^/]+)", "GetFunction"),
    ("DELETE", r"/2015-03-31/functions/([^/]+)", "DeleteFunction"),
    ("GET", r"/2017-03-31/tags/(.+)", "ListTags"), ("POST", r"/2017-03-31/tags/(.+)", "TagResource"),
    ("DELETE", r"/2017-03-31/tags/(.+)", "UntagResource"),
]


class Answer:
    def __init__(self, status, body=b"", headers=(), code=""):
        """`code` is what the log says of a refusal."""
        self.status, self.body, self.headers, self.code = status, body, list(headers), code


class Refusal(Exception):
    """An error that the service answers."""

    def __init__(self, status, code, message, headers=()):
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def json_answer(value, status=200, kind="application/x-amz-json-1.1"):
    return Answer(status, json.dumps(value).encode() if value is not None else b"", [("Content-Type", kind)])


class Request:
    """What came in, its path and query as they were on the line."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        scope = SCOPE.search(self.get("authorization", ""))
        self.key, self.scope = (scope[1], scope.groups()[1:]) if scope else (None, None)
        self.arguments = []
        self.service, self.operation = self.find_operation()

    def get(self, name, default=None):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def values(self):
        """The query's."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def protocol(self):
        if self.service in ("s3", "lambda"):
            return self.service
        return "json" if self.get("x-amz-target") else "query"

    def find_operation(self):
        target = self.get("x-amz-target")
        scoped = self.scope[2] if self.scope else None
        if target:
            prefix, _, operation = target.rpartition(".")
            return TARGETS.get(prefix, scoped or prefix), operation
        for method, pattern, operation in LAMBDA_OPERATIONS:
            if method == self.method and (found := re.fullmatch(pattern, self.path)):
                self.arguments = [unquote(part) for part in found.groups()]
                return "lambda", operation
        if self.path == "/" and self.method == "POST" and "delete" not in self.values():
            form = dict(parse_qsl(self.body.decode("utf-8", "replace")))
            service = scoped or ("sts" if form.get("Action", "").startswith("AssumeRole") else "unknown")
            return service, form.get("Action", "")
        return scoped or "s3", self.s3_operation() if scoped in (None, "s3") else ""

    def s3_operation(self):
        bucket, _, key = self.path.lstrip("/").partition("/")
        if not bucket:
            return "ListBuckets"
        query = self.values()
        if self.get("x-amz-copy-source") and self.method == "PUT":
            return "CopyObject"
        for method, has_key, word, operation in S3_OPERATIONS:
            if method == self.method and has_key == bool(key) and (word is None or word in query):
                return operation
        return ""


def refused(request, refusal):
    """In the shape that the request's protocol has for it."""
    code, text, headers = refusal.code, refusal.message, list(refusal.headers)
    if request.protocol == "s3":
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(text)}</Message>'
                f"<RequestId>{uuid.uuid4()}</RequestId></Error>")
        headers.append(("Content-Type", "application/xml"))
    elif request.protocol == "query":
        body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
                f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>")
        headers.append(("Content-Type", "text/xml"))
    elif request.protocol == "lambda":
        body = json.dumps({"Type": "User" if refusal.status < 500 else "Service", "Message": text, "message": text})
        headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    else:
        body = json.dumps({"__type": code, "message": text})
        headers.append(("Content-Type", "application/x-amz-json-1.1"))
    return Answer(refusal.status, body.encode(), headers, code)
