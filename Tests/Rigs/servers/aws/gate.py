"""AWS for tests, on loopback: one endpoint for all services, and a registry as ECR's, for as long as the test lives.

Every request must be signed as AWS wants it. CodeBuild, CodePipeline's executions, Lambda, and ECR's images are the
rig's own, and builds really run; what else there is, is moto's.
"""
import base64
import json
import os
import sys
import threading
import time
import traceback
import uuid

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import wire  # noqa: E402  (the folder is on the path only now)
from batches import Batches  # noqa: E402
from ecr import Registry  # noqa: E402
from emulator import Emulator, client  # noqa: E402
from front import serve  # noqa: E402
from functions import Functions  # noqa: E402
from images import ImageCalls, Storage  # noqa: E402
from journal import Faults, Journal  # noqa: E402
from messages import Refusal, json_answer, refused  # noqa: E402
from pipelines import Pipelines  # noqa: E402
from processes import Watchdog  # noqa: E402
from running import MARK, Runner  # noqa: E402
from signature import Credentials, Verifier  # noqa: E402
from stacks import Project  # noqa: E402

ACCOUNT, REGION = "123456789012", "us-east-1"
USER = ("AKIAIMGWATCHUSER0001", "user/secret+of0the0rig")
FIRST_CALLS = {"s3": "list_buckets", "ecr": "describe_repositories", "codebuild": "list_projects", "iam": "list_roles",
               "lambda": "list_functions", "logs": "describe_log_groups"}
UNSIGNED = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}


class Gate:
    """A service for `front.serve`, and the commands of the test."""

    # Who signs by this is the rig itself: nothing is checked, recorded or spoiled.
    CONTROL = "AKIAIMGWATCHCONTROL1"

    def __init__(self, folder):
        self.gate, self.mark, self.python = self, str(uuid.uuid4()), sys.executable
        # Where the tools that were installed beside Python are, the AWS CLI among them.
        self.programs = os.path.dirname(sys.executable)
        self.settings = {
            "concurrency": 4, "provisioning": 0.0, "minute": 60.0, "lambdaUpdate": 0.1, "lambdaFailure": None,
            "tokenLife": 12 * 3600.0, "faultyBuilds": 0}
        self.skew, self.initiator, self.clients, self.lock = 0.0, "rig", {}, threading.RLock()
        self.watchdog = Watchdog(f"{MARK}={self.mark}", folder)
        self.journal, self.faults, self.credentials = Journal(), Faults(), Credentials()
        self.build_credentials = ("ASIAIMGWATCHBUILD001", str(uuid.uuid4()), str(uuid.uuid4()))
        self.credentials.add(*USER)
        self.credentials.add(*self.build_credentials)
        self.names = {self.build_credentials[0]: "build", USER[0]: "user"}
        self.verifier = Verifier(self.credentials, REGION, self.clock)
        self.emulator = Emulator(ACCOUNT, REGION, self.credentials)
        self.storage = Storage(folder)
        self.images = ImageCalls(self.storage, self.emulator)
        self.functions = Functions(self, self.storage, self.emulator)
        self.runner = Runner(self, self.emulator, folder)
        self.builds = Batches(self, self.emulator, self.runner)
        Project.builds = self.builds
        self.pipelines = Pipelines(self, self.builds)
        self.registry = Registry(self, self.storage, self.images, self.emulator)
        self.servers = [serve(self), serve(self.registry)]
        self.endpoint, self.registry_address = (f"{kind}127.0.0.1:{server.server_address[1]}" for kind, server in zip(
            ("http://", ""), self.servers))
        self.registry.port = self.servers[1].server_address[1]

    def start(self):
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def warm_up(self):
        """What takes its time once, before a test waits for it."""
        for service, operation in FIRST_CALLS.items():
            getattr(self.client(service), operation)()

    def clock(self):
        """What the services take for now."""
        return time.time() + self.skew

    def client(self, service):
        """boto3's, for what the rig itself does; making one is not for several threads at once."""
        with self.lock:
            if service not in self.clients:
                self.clients[service] = client(service, self.endpoint, self.CONTROL, REGION)
            return self.clients[service]

    # As a service.

    def name(self, request):
        if request.key == self.CONTROL:
            return request.service, request.operation, self.CONTROL
        return request.service, request.operation, self.names.get(request.key, request.key or "")

    def refused(self, request, refusal):
        return refused(request, refusal)

    def carry_out(self, request):
        if request.key != self.CONTROL and request.operation not in UNSIGNED:
            self.verifier.check(request)
        try:
            answer = self.own_answer(request)
        except json.JSONDecodeError as problem:
            raise Refusal(400, "SerializationException", str(problem)) from None
        except KeyError as problem:
            # A field that every request of the kind must have; whatever else it is, the test shall see it.
            traceback.print_exc()
            raise Refusal(400, "ValidationException", f"{problem} is required") from None
        return answer or self.emulator.carry_out(request)

    def own_answer(self, request):
        """None where the operation is moto's."""
        if request.service == "lambda" and hasattr(self.functions, "on_" + request.operation):
            with self.lock:
                return self.functions.carry_out(request)
        if not request.get("x-amz-target"):
            return None
        value = self.own(request, json.loads(request.body or b"{}"))
        return json_answer(value) if isinstance(value, dict) else value

    def own(self, request, fields):
        """What the rig's own operations answer; an answer of moto's in one, or None."""
        service, operation = request.service, request.operation
        if service == "codebuild":
            return self.builds.carry_out(operation, fields)
        if service == "codepipeline" and operation in self.pipelines.operations:
            return self.pipelines.carry_out(operation, fields)
        if service == "ecr" and operation == "GetAuthorizationToken":
            return self.registry.token(self.names.get(request.key, request.key))
        if service == "ecr" and operation in self.images.operations:
            return self.images.carry_out(operation, fields, request)
        return None

    # As the test's rig.

    def do_faults(self, rules):
        self.faults.set(rules)

    def do_release(self):
        self.faults.release()

    def do_skew(self, seconds):
        self.skew = seconds

    def do_log(self):
        return self.journal.summaries()

    def do_requests(self, match):
        return self.journal.requests(match)

    def do_clear(self):
        self.journal.clear()

    def do_credentials(self, key, secret, token=None, expiresIn=None):
        self.credentials.add(key, secret, token, None if expiresIn is None else self.clock() + expiresIn)

    def do_settings(self, **values):
        unknown = set(values) - set(self.settings)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        with self.runner.changed:
            self.settings |= values
            self.runner.changed.notify_all()

    def do_call(self, service, operation, parameters):
        """An operation by its name in boto3; bodies go in as text or `base64:…`, and come out as text."""
        found = getattr(self.client(service), operation)(**values_in(parameters))
        found.pop("ResponseMetadata", None)
        return json_value(found)


def values_in(value):
    if isinstance(value, dict):
        return {name: values_in(each) for name, each in value.items()}
    if isinstance(value, list):
        return [values_in(each) for each in value]
    if isinstance(value, str) and value.startswith("base64:"):
        return base64.b64decode(value.removeprefix("base64:"))
    return value


def json_value(value):
    """boto3's answer without what JSON does not have: bodies, and moments."""
    if isinstance(value, dict):
        return {name: json_value(each) for name, each in value.items()}
    if isinstance(value, list):
        return [json_value(each) for each in value]
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.timestamp() if hasattr(value, "timestamp") else value


def main():
    control = wire.Control()
    try:
        gate = Gate(control.folder)
        gate.start()
    except OSError as problem:
        control.say({"problem": str(problem)})
        control.end()
    control.at_end.append(gate.storage.stop)
    control.say({"answer": {
        "endpoint": gate.endpoint, "registry": gate.registry_address, "key": USER[0], "secret": USER[1],
        "region": REGION, "account": ACCOUNT, "folder": control.folder}})
    threading.Thread(target=gate.warm_up, daemon=True).start()
    control.follow(lambda command: wire.perform(gate, command))


if __name__ == "__main__":
    main()
