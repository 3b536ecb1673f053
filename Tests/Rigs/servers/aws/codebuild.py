"""CodeBuild's operations on projects and builds; those on batches are in batches.py."""
import time

from builds import Build
from messages import Refusal

TOKEN_LIFE = 5 * 60  # seconds for which a start is not repeated, as the service documents
REQUIRED = ("name", "source", "artifacts", "environment", "serviceRole")


def invalid(text):
    return Refusal(400, "InvalidInputException", text)


def page(values, fields):
    start = int(fields.get("nextToken") or 0)
    more = {"nextToken": str(start + 100)} if start + 100 < len(values) else {}
    return values[start:start + 100], more


class Tokens:
    """Starts that were asked for before, by project and idempotency token."""

    def __init__(self):
        self.known = {}

    def find(self, fields, moment):
        """What was started for the same; None where that is to be done yet."""
        token = fields.get("idempotencyToken")
        began, before, started = self.known.get((fields["projectName"], token), (0, None, None))
        if token is None or moment - began >= TOKEN_LIFE:
            return None
        if before != fields:
            raise invalid("Idempotency parameter mismatch: the request differs from the one with the same token")
        return started

    def remember(self, fields, moment, started):
        if fields.get("idempotencyToken") is not None:
            self.known[fields["projectName"], fields["idempotencyToken"]] = (moment, fields, started)


class CodeBuild:
    def __init__(self, gate, emulator, runner):
        self.gate, self.emulator, self.runner = gate, emulator, runner
        self.projects, self.builds, self.counts, self.tokens = {}, {}, {}, Tokens()

    def arn(self, kind, name):
        return f"arn:aws:codebuild:{self.emulator.region}:{self.emulator.account}:{kind}/{name}"

    def carry_out(self, operation, fields):
        handler = getattr(self, "on_" + operation, None)
        if handler is None:
            raise invalid(f"the rig has no {operation}")
        with self.runner.changed:
            return handler(fields)

    # Projects.

    def project(self, name):
        found = self.projects.get(name.removeprefix(self.arn("project", "")))
        if found is None:
            arn = name if name.startswith("arn:") else self.arn("project", name)
            raise Refusal(400, "ResourceNotFoundException", f"Project cannot be found: {arn}")
        return found

    def check_source(self, source):
        kind = source.get("type")
        if kind not in ("S3", "NO_SOURCE"):
            raise invalid(f"Invalid project source: the rig has S3 and NO_SOURCE, not {kind}")
        if kind == "S3" and "/" not in source.get("location", "").removeprefix("arn:aws:s3:::"):
            raise invalid("Invalid project source: location must be a valid S3 source")
        if kind == "NO_SOURCE" and not source.get("buildspec"):
            raise invalid("Invalid project source: buildspec must be given where the source type is NO_SOURCE")

    def on_CreateProject(self, fields):
        for name in REQUIRED:
            if not fields.get(name):
                raise invalid(f"{name} is required")
        if fields["name"] in self.projects:
            text = f"Project already exists: {self.arn('project', fields['name'])}"
            raise Refusal(400, "ResourceAlreadyExistsException", text)
        self.check_source(fields["source"])
        project = {
            "timeoutInMinutes": 60, "queuedTimeoutInMinutes": 480, "cache": {"type": "NO_CACHE"}, "tags": [],
            **fields, "arn": self.arn("project", fields["name"]), "created": time.time(), "lastModified": time.time()}
        self.projects[fields["name"]] = project
        return {"project": project}

    def on_UpdateProject(self, fields):
        project = self.project(fields["name"])
        if "source" in fields:
            self.check_source(fields["source"])
        project |= dict(fields, name=project["name"], lastModified=time.time())
        if project.get("concurrentBuildLimit") == -1:
            del project["concurrentBuildLimit"]
        return {"project": project}

    def on_DeleteProject(self, fields):
        self.projects.pop(fields["name"].removeprefix(self.arn("project", "")), None)
        return {}

    def on_ListProjects(self, fields):
        names, more = page(sorted(self.projects, reverse=fields.get("sortOrder") == "DESCENDING"), fields)
        return {"projects": names, **more}

    def on_BatchGetProjects(self, fields):
        names = {name: name.removeprefix(self.arn("project", "")) for name in fields["names"]}
        return {"projects": [self.projects[name] for name in names.values() if name in self.projects],
                "projectsNotFound": [said for said, name in names.items() if name not in self.projects]}

    # Builds.

    def begin(self, project, fields):
        """A new build of a project, which is on its way when this returns."""
        name = project["name"]
        self.counts[name] = self.counts.get(name, 0) + 1
        build = Build(project, fields, self.counts[name], self.arn)
        self.check_source(build.source)
        self.builds[build.id] = build
        return build

    def check_request(self, project, fields):
        for name, least in (("timeoutInMinutesOverride", 5), ("queuedTimeoutInMinutesOverride", 5)):
            if not least <= fields.get(name, least) <= 2160:
                raise invalid(f"{name} must be from {least} to 2160")
        if len(fields.get("buildspecOverride", "")) > 25600:
            raise invalid("Invalid buildspec: it must not be longer than 25600 characters")
        for variable in fields.get("environmentVariablesOverride", []):
            if variable.get("type", "PLAINTEXT") not in ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"):
                raise invalid(f"unknown type of environment variable: {variable['type']}")
        limit = project.get("concurrentBuildLimit")
        active = sum(not build.is_over and build.project is project for build in self.builds.values())
        if limit and active >= limit:
            raise Refusal(400, "AccountLimitExceededException", f"Cannot have more than {limit} builds in queue for "
                          "the account")

    def on_StartBuild(self, fields):
        project, moment = self.project(fields["projectName"]), time.time()
        build = self.tokens.find(fields, moment)
        if build is None:
            self.check_request(project, fields)
            build = self.begin(project, dict(fields, initiator=self.gate.initiator))
            self.tokens.remember(fields, moment, build)
            self.runner.start(build)
        return {"build": build.json()}

    def named(self, ids, kind, known):
        """Those of the ids or ARNs that are known, and the ids of the others."""
        names = {said: said.removeprefix(self.arn(kind, "")) for said in ids}
        return [known[name] for name in names.values() if name in known], [
            said for said, name in names.items() if name not in known]

    def on_BatchGetBuilds(self, fields):
        if not 1 <= len(fields["ids"]) <= 100:
            raise invalid("ids must have from 1 to 100 members")
        found, missing = self.named(fields["ids"], "build", self.builds)
        return {"builds": [build.json() for build in found], "buildsNotFound": missing}

    def on_StopBuild(self, fields):
        found, _ = self.named([fields["id"]], "build", self.builds)
        if not found:
            raise Refusal(400, "ResourceNotFoundException", f"Build does not exist: {fields['id']}")
        self.runner.stop(found[0])
        self.runner.changed.wait_for(lambda: found[0].is_over, 10)
        return {"build": found[0].json()}

    def listed(self, ids, fields):
        """Ids in the order of their starts, the newest first where nothing else is wanted."""
        ids = list(ids)
        return page(ids if fields.get("sortOrder") == "ASCENDING" else ids[::-1], fields)

    def on_ListBuilds(self, fields):
        ids, more = self.listed(self.builds, fields)
        return {"ids": ids, **more}

    def on_ListBuildsForProject(self, fields):
        project = self.project(fields["projectName"])
        ids, more = self.listed([build.id for build in self.builds.values() if build.project is project], fields)
        return {"ids": ids, **more}
