"""CodeBuild's batches of a build-graph: which of their builds begins when, and what becomes of those behind a failure.

One thread goes on with a batch whenever a build went on, all under the lock that guards the builds, so that no state
is seen half.
"""
import contextlib
import shutil
import threading
import time
import uuid
from zipfile import BadZipFile

import codebuild
from builds import Phases, merged
from buildspec import Buildspec, Malformed, nodes
from messages import Refusal
from running import buildspec_text, unpack


class Member:
    """A node, and its build as soon as there is one."""

    def __init__(self, node):
        self.node, self.build, self.is_skipped = node, None, False

    @property
    def is_over(self):
        return self.is_skipped or self.build is not None and self.build.is_over

    @property
    def status(self):
        if self.build:
            return self.build.status
        return "STOPPED" if self.is_skipped else "NOT_STARTED"

    @property
    def lets_go_on(self):
        return self.status == "SUCCEEDED" or self.build is not None and self.is_over and self.node.may_fail

    def json(self):
        summary = {"buildStatus": self.status if self.status != "NOT_STARTED" else "IN_PROGRESS"}
        if self.build:
            summary |= {"arn": self.build.arn, "requestedOn": self.build.started, "primaryArtifact": {}}
        return {"identifier": self.node.identifier, "dependsOn": self.node.after, "ignoreFailure": self.node.may_fail,
                "currentBuildSummary": summary}


class Batch:
    def __init__(self, project, fields, number, names):
        self.project, self.fields, self.number = project, fields, number
        self.id = f"{project['name']}:{uuid.uuid4()}"
        self.arn, self.started, self.ended = names("build-batch", self.id), time.time(), None
        self.status = "IN_PROGRESS"
        self.phases, self.members, self.is_stopped, self.is_fast = Phases(), [], False, False

    @property
    def is_over(self):
        return self.status != "IN_PROGRESS"

    def finish(self, status):
        self.phases.all[-1].setdefault("phaseStatus", status)
        self.phases.enter(status)
        self.phases.close(time.time())
        self.status, self.ended = status, time.time()

    def json(self):
        fields = self.fields
        source = dict(self.project["source"])
        for name, said in (("type", "sourceTypeOverride"), ("location", "sourceLocationOverride"),
                           ("buildspec", "buildspecOverride")):
            if fields.get(said):
                source[name] = fields[said]
        environment = dict(self.project["environment"])
        environment["environmentVariables"] = merged(
            environment.get("environmentVariables"), fields.get("environmentVariablesOverride"))
        configuration = fields.get("buildBatchConfigOverride") or self.project["buildBatchConfig"]
        return {
            "id": self.id, "arn": self.arn, "startTime": self.started, "currentPhase": self.phases.current,
            "buildBatchStatus": self.status, "projectName": self.project["name"], "phases": self.phases.json(),
            "source": source, "environment": environment, "serviceRole": self.project["serviceRole"],
            "complete": self.is_over, "buildBatchNumber": self.number, "buildBatchConfig": configuration,
            "buildGroups": [member.json() for member in self.members], "initiator": fields["initiator"],
            **({"endTime": self.ended} if self.ended else {}),
            **({"sourceVersion": fields["sourceVersion"]} if fields.get("sourceVersion") else {})}


class Batches(codebuild.CodeBuild):
    """All of CodeBuild."""

    def __init__(self, gate, emulator, runner):
        super().__init__(gate, emulator, runner)
        self.batches, self.batch_tokens = {}, codebuild.Tokens()

    def on_StartBuildBatch(self, fields):
        project, moment = self.project(fields["projectName"]), time.time()
        batch = self.batch_tokens.find(fields, moment)
        if batch is None:
            configuration = fields.get("buildBatchConfigOverride") or project.get("buildBatchConfig") or {}
            if not configuration.get("serviceRole"):
                raise codebuild.invalid("Build batch configuration is required for running a batch build")
            number = sum(batch.project is project for batch in self.batches.values()) + 1
            batch = Batch(project, dict(fields, initiator=self.gate.initiator), number, self.arn)
            self.batches[batch.id] = batch
            self.batch_tokens.remember(fields, moment, batch)
            threading.Thread(target=self.drive, args=(batch,), daemon=True).start()
        return {"buildBatch": batch.json()}

    def on_BatchGetBuildBatches(self, fields):
        found, missing = self.named(fields["ids"], "build-batch", self.batches)
        return {"buildBatches": [batch.json() for batch in found], "buildBatchesNotFound": missing}

    def on_StopBuildBatch(self, fields):
        found, _ = self.named([fields["id"]], "build-batch", self.batches)
        if not found:
            raise Refusal(400, "ResourceNotFoundException", f"Batch build does not exist: {fields['id']}")
        batch = found[0]
        batch.is_stopped = True
        self.runner.changed.notify_all()
        self.runner.changed.wait_for(lambda: batch.is_over, 10)
        return {"buildBatch": batch.json()}

    def on_ListBuildBatches(self, fields):
        ids, more = self.listed(self.batches, fields)
        return {"ids": ids, **more}

    def on_ListBuildBatchesForProject(self, fields):
        project = self.project(fields["projectName"])
        ids, more = self.listed([batch.id for batch in self.batches.values() if batch.project is project], fields)
        return {"ids": ids, **more}

    def drive(self, batch):
        try:
            with self.runner.changed:
                batch.phases.enter("DOWNLOAD_BATCHSPEC")
            # Not under the lock: what it reads comes through the gate.
            spec = self.read_spec(batch)
        except (LookupError, Malformed, BadZipFile) as problem:
            with self.runner.changed:
                batch.phases.fail("INVALID_BATCHSPEC", str(problem))
                batch.finish("FAILED")
                self.runner.changed.notify_all()
            return
        with self.runner.changed:
            batch.members = [Member(node) for node in nodes(spec)]
            batch.is_fast = bool(spec.batch.get("fast-fail"))
            batch.phases.enter("IN_PROGRESS")
            while not self.go_on(batch):
                self.runner.changed.wait()
            batch.finish(self.outcome(batch))
            self.runner.changed.notify_all()

    def read_spec(self, batch):
        source = batch.json()["source"]
        folder = f"{self.runner.folder}/batches/{batch.id.partition(':')[2]}"
        try:
            if source["type"] == "S3":
                unpack(self.runner.download(source["location"], batch.fields.get("sourceVersion")), folder)
            spec = Buildspec(buildspec_text(source.get("buildspec"), folder, self.runner.download))
            limits = (batch.json()["buildBatchConfig"] or {}).get("restrictions") or {}
            if len(nodes(spec)) > limits.get("maximumBuildsAllowed", 100):
                raise Malformed("the batch has more builds than maximumBuildsAllowed")
            return spec
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)

    def go_on(self, batch):
        """Starts what may begin, and gives up what cannot; whether that was all."""
        if batch.is_stopped or batch.is_fast and any(self.has_failed(member) for member in batch.members):
            for member in batch.members:
                if member.build:
                    self.runner.stop(member.build)
                else:
                    member.is_skipped = True
        members = {member.node.identifier: member for member in batch.members}
        for member in batch.members:  # each comes after those that it depends on
            if member.build or member.is_skipped:
                continue
            before = [members[name] for name in member.node.after]
            if any(each.is_over and not each.lets_go_on for each in before):
                member.is_skipped = True
            elif all(each.lets_go_on for each in before):
                member.build = self.begin_member(batch, member.node)
        return all(member.is_over for member in batch.members)

    @staticmethod
    def has_failed(member):
        return member.is_over and not member.lets_go_on and not member.node.may_fail

    def begin_member(self, batch, node):
        fields = dict(batch.fields, nodeEnvironment=node.environment)
        fields["environmentVariablesOverride"] = merged(
            fields.get("environmentVariablesOverride"),
            [{"name": name, "value": value} for name, value in node.variables.items()])
        if node.buildspec:
            fields["buildspecOverride"] = node.buildspec
        build = self.begin(batch.project, fields)
        build.batch, build.node = batch, node
        self.runner.start(build)
        return build

    def outcome(self, batch):
        if batch.is_stopped:
            return "STOPPED"
        return "FAILED" if any(self.has_failed(member) for member in batch.members) else "SUCCEEDED"
