"""moto, in this process: S3, STS, IAM, logs, repositories and whatever else the gate does not answer by itself."""
import io
import re
import threading
import xml.etree.ElementTree as xml
from datetime import datetime
from urllib.parse import unquote_to_bytes

import boto3
from botocore.config import Config
from front import passed_on
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

FORM = "application/x-www-form-urlencoded"


class Emulator:
    def __init__(self, account, region, credentials):
        self.account, self.region, self.credentials = account, region, credentials
        self.application = DomainDispatcherApplication(create_backend_app)
        self.conditional = threading.Lock()

    def backend(self, service):
        """moto's own objects: what it would take a request to ask for."""
        return get_backend(service)[self.account]["aws" if service == "iam" else self.region]

    def has_repository(self, name):
        return name in self.backend("ecr").repositories

    def repository(self, name):
        return self.backend("ecr").repositories[name]

    def has_role(self, arn):
        return any(role.arn == arn for role in self.backend("iam").roles.values())

    def log(self, group, stream, moment, line):
        event = {"timestamp": int(moment * 1000), "message": line + "\n"}
        self.backend("logs").put_log_events(group, stream, [event])

    def make_log(self, group, stream):
        logs = self.backend("logs")
        if group not in logs.groups:
            logs.create_log_group(group, {})
        logs.create_log_stream(group, stream)

    def carry_out(self, request):
        if request.service == "s3" and request.get("if-none-match"):
            # moto looks and writes in two steps.
            with self.conditional:
                return self.call(request)
        answer = self.call(request)
        if request.service == "sts" and answer.status == 200:
            self.learn(answer.body)
        return answer

    def call(self, request):
        found = {}

        def start(status, headers, _=None):
            found.update(status=int(status.split()[0]), headers=headers)

        result = self.application(self.environment(request), start)
        body = b"".join(result)
        if hasattr(result, "close"):
            result.close()
        return passed_on(found["status"], found["headers"], body, error_code(found["status"], body))

    def environment(self, request):
        headers = dict((name.lower(), value) for name, value in request.headers)
        if request.service == "s3":
            if headers.get("content-type", FORM).startswith(FORM):
                # moto takes such a body for a form, and stores nothing.
                headers["content-type"] = "application/octet-stream"
            if "x-amz-checksum-sha256" in headers:
                # moto keeps it only where this is said too, which S3 does not ask for.
                headers["x-amz-sdk-checksum-algorithm"] = "SHA256"
        variables = {
            "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "QUERY_STRING": request.query,
            "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"), "RAW_URI": request.target,
            "REQUEST_URI": request.target, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(request.body)),
            "CONTENT_TYPE": headers.get("content-type", ""), "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "wsgi.input_terminated": True}
        for name, value in headers.items():
            if name not in ("content-type", "content-length", "transfer-encoding", "expect"):
                variables["HTTP_" + name.upper().replace("-", "_")] = value
        return variables

    def learn(self, body):
        """Temporary credentials that STS gave away are good from now on."""
        values = {element.tag.rpartition("}")[2]: element.text for element in xml.fromstring(body).iter()}
        if "SessionToken" in values:
            end = datetime.fromisoformat(values["Expiration"].replace("Z", "+00:00")).timestamp()
            self.credentials.add(values["AccessKeyId"], values["SecretAccessKey"], values["SessionToken"], end)


def error_code(status, body):
    """What the log says of a refusal by moto."""
    if status < 400:
        return ""
    found = re.search(rb"<Code>([^<]*)|\"__type\": *\"([^\"]*)", body)
    return (found[1] or found[2] or b"").decode() if found else str(status)


def client(service, endpoint, key, region):
    settings = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=300)
    return boto3.client(service, region_name=region, endpoint_url=endpoint, aws_access_key_id=key,
                        aws_secret_access_key="control", config=settings)
