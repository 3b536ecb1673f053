"""CodeBuild's builds as data: what one was asked for, how far it is, and how the service tells it."""
import time
import uuid

PHASE_NAMES = {"install": "INSTALL", "pre_build": "PRE_BUILD", "build": "BUILD", "post_build": "POST_BUILD"}
OVERRIDES = {"sourceTypeOverride": "type", "sourceLocationOverride": "location", "buildspecOverride": "buildspec"}
ENVIRONMENT_OVERRIDES = {"imageOverride": "image", "computeTypeOverride": "computeType",
                         "environmentTypeOverride": "type", "privilegedModeOverride": "privilegedMode"}


def merged(*lists):
    """Variables of the environment; a later one takes the place of an earlier one with its name."""
    found = {}
    for variables in lists:
        for variable in variables or []:
            found[variable["name"]] = dict(variable, type=variable.get("type", "PLAINTEXT"))
    return list(found.values())


class Ended(Exception):
    """A build is over before its last phase."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Phases:
    """One after the other; each begins when the one before ends."""

    def __init__(self):
        self.all = []
        self.enter("SUBMITTED")

    @property
    def current(self):
        return self.all[-1]["phaseType"]

    def enter(self, name):
        moment = time.time()
        if self.all:
            self.close(moment)
        self.all.append({"phaseType": name, "startTime": moment})

    def close(self, moment):
        phase = self.all[-1]
        phase.setdefault("phaseStatus", "SUCCEEDED")
        phase.update(endTime=moment, durationInSeconds=int(moment - phase["startTime"]))

    def fail(self, code, message, status="FAILED"):
        self.all[-1].update(phaseStatus=status, contexts=[{"statusCode": code, "message": message}])

    def json(self):
        return [dict(phase) for phase in self.all]


class Build:
    def __init__(self, project, request, number, names):
        """`names`: makes an ARN of a kind and a name."""
        self.project, self.request, self.number = project, request, number
        self.uuid = str(uuid.uuid4())
        self.id = f"{project['name']}:{self.uuid}"
        self.arn, self.started, self.ended, self.status = names("build", self.id), time.time(), None, "IN_PROGRESS"
        self.phases, self.exported = Phases(), {}
        self.group = f"/aws/codebuild/{project['name']}"
        self.is_stopped = self.is_running = self.has_log = False
        self.process = self.batch = self.node = None
        self.deadline = float("inf")
        self.source = dict(project["source"])
        self.source |= {field: request[name] for name, field in OVERRIDES.items() if request.get(name)}
        environment = dict(project["environment"])
        environment |= {field: request[name] for name, field in ENVIRONMENT_OVERRIDES.items() if name in request}
        environment |= request.get("nodeEnvironment", {})
        environment["environmentVariables"] = merged(
            environment.get("environmentVariables"), request.get("environmentVariablesOverride"))
        self.environment = environment
        self.timeout = request.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes", 60)
        self.queue_timeout = request.get("queuedTimeoutInMinutesOverride") or project.get(
            "queuedTimeoutInMinutes", 480)
        self.version = request.get("sourceVersion") or project.get("sourceVersion")

    @property
    def is_over(self):
        return self.status != "IN_PROGRESS"

    def json(self):
        logs = {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "DISABLED"}}
        if self.has_log:
            logs |= {"groupName": self.group, "streamName": self.uuid}
        build = {
            "id": self.id, "arn": self.arn, "buildNumber": self.number, "startTime": self.started,
            "currentPhase": self.phases.current, "buildStatus": self.status, "projectName": self.project["name"],
            "phases": self.phases.json(), "source": self.source, "artifacts": {"location": ""},
            "cache": self.project.get("cache", {"type": "NO_CACHE"}), "environment": self.environment,
            "serviceRole": self.request.get("serviceRoleOverride") or self.project["serviceRole"], "logs": logs,
            "timeoutInMinutes": self.timeout, "queuedTimeoutInMinutes": self.queue_timeout,
            "buildComplete": self.is_over, "initiator": self.request.get("initiator", "rig"),
            "exportedEnvironmentVariables": [
                {"name": name, "value": value} for name, value in self.exported.items()]}
        if self.version:
            build |= {"sourceVersion": self.version, "resolvedSourceVersion": self.version}
        if self.ended:
            build["endTime"] = self.ended
        if self.batch:
            build["buildBatchArn"] = self.batch.arn
        return build
