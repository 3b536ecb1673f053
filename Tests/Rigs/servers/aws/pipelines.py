"""CodePipeline's executions: moto keeps the pipelines, and their CodeBuild actions are builds like any other."""
import json
import re
import threading
import uuid

from messages import Refusal


class Execution:
    def __init__(self, name, fields, version):
        self.id, self.name, self.fields, self.version = str(uuid.uuid4()), name, fields, version
        self.status, self.builds, self.is_stopped, self.is_abandoned = "InProgress", [], False, False
        self.summary, self.actions, self.is_waiting = "", [], False

    def json(self):
        return {
            "pipelineName": self.name, "pipelineVersion": self.version, "pipelineExecutionId": self.id,
            "status": self.status, "statusSummary": self.summary, "artifactRevisions": [],
            "variables": [{"name": each["name"], "resolvedValue": each["value"]}
                          for each in self.fields.get("variables", [])]}


class Pipelines:
    def __init__(self, gate, builds):
        self.gate, self.builds, self.executions = gate, builds, {}
        self.changed = builds.runner.changed
        self.operations = {
            "StartPipelineExecution": self.start, "GetPipelineExecution": self.get,
            "StopPipelineExecution": self.stop, "ListActionExecutions": self.list_actions}

    def carry_out(self, operation, fields):
        return self.operations[operation](fields)

    def pipeline(self, name):
        client = self.gate.client("codepipeline")
        try:
            return client.get_pipeline(name=name)["pipeline"]
        except client.exceptions.PipelineNotFoundException:
            raise Refusal(400, "PipelineNotFoundException", f"Pipeline '{name}' does not exist") from None

    def start(self, fields):
        pipeline = self.pipeline(fields["name"])
        with self.changed:
            for execution in self.executions.values():
                token = fields.get("clientRequestToken")
                if token and (execution.name, execution.fields.get("clientRequestToken")) == (fields["name"], token):
                    return {"pipelineExecutionId": execution.id}
            execution = Execution(fields["name"], fields, pipeline.get("version", 1))
            self.executions[execution.id] = execution
        threading.Thread(target=self.run, args=(execution, pipeline), daemon=True).start()
        return {"pipelineExecutionId": execution.id}

    def find(self, fields):
        execution = self.executions.get(fields["pipelineExecutionId"])
        if execution is None or execution.name != fields["pipelineName"]:
            raise Refusal(400, "PipelineExecutionNotFoundException", "The pipeline execution was not found")
        return execution

    def get(self, fields):
        with self.changed:
            return {"pipelineExecution": self.find(fields).json()}

    def list_actions(self, fields):
        """The newest first."""
        with self.changed:
            wanted = fields.get("filter", {}).get("pipelineExecutionId")
            return {"actionExecutionDetails": [
                {"pipelineExecutionId": execution.id, "stageName": stage, "actionName": action["name"],
                 "status": "InProgress", "input": {"actionTypeId": action["actionTypeId"]},
                 "output": {"executionResult": result}}
                for execution in self.executions.values()
                if execution.name == fields["pipelineName"] and wanted in (None, execution.id)
                for stage, action, result in reversed(execution.actions)]}

    def stop(self, fields):
        with self.changed:
            execution = self.find(fields)
            if execution.status != "InProgress":
                raise Refusal(400, "PipelineExecutionNotStoppableException", "The pipeline execution cannot be stopped")
            execution.is_stopped, execution.is_abandoned = True, bool(fields.get("abandon"))
            execution.status = "Stopping"
            self.changed.notify_all()
            return {"pipelineExecutionId": execution.id}

    def run(self, execution, pipeline):
        sources, status = {}, "Succeeded"
        try:
            if pipeline.get("executionMode", "SUPERSEDED") != "PARALLEL" and not self.has_turn(execution, pipeline):
                status, pipeline = "Superseded", {"stages": []}
            for stage in pipeline["stages"]:
                if execution.is_stopped or not self.run_stage(execution, stage, sources):
                    status = "Stopped" if execution.is_stopped else "Failed"
                    break
        except Exception as problem:  # told by the execution: whoever started it is not here any more
            status, execution.summary = "Failed", str(problem)
        with self.changed:
            execution.status = status
            self.changed.notify_all()

    def has_turn(self, execution, pipeline):
        """Waits for the executions before it; False where a newer one takes its place meanwhile."""
        with self.changed:
            rivals = [each for each in self.executions.values() if each.name == execution.name]
            if pipeline.get("executionMode", "SUPERSEDED") == "SUPERSEDED":
                for each in rivals:
                    each.is_waiting = False
            execution.is_waiting = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: not execution.is_waiting or all(
                each is execution or each.is_waiting or each.status != "InProgress" for each in rivals))
            has_turn, execution.is_waiting = execution.is_waiting, False
            return has_turn

    def run_stage(self, execution, stage, sources):
        """Whether all of its actions succeeded; those of CodeBuild go on side by side."""
        started = []
        for action in sorted(stage["actions"], key=lambda action: action.get("runOrder", 1)):
            kind = action["actionTypeId"]["provider"]
            if kind == "S3":
                for output in action.get("outputArtifacts", []):
                    sources[output["name"]] = self.source(execution, action)
                execution.actions.append((stage["name"], action, {}))
            elif kind == "CodeBuild":
                started.append(self.begin(execution, action, sources))
                execution.actions.append((stage["name"], action, {"externalExecutionId": started[-1].id}))
        with self.changed:
            self.changed.wait_for(lambda: execution.is_abandoned or all(build.is_over for build in started))
            return all(build.status == "SUCCEEDED" for build in started)

    @staticmethod
    def source(execution, action):
        """Bucket and key, and the version that the start or nobody names."""
        bucket, key, version = action["configuration"]["S3Bucket"], action["configuration"]["S3ObjectKey"], None
        for revision in execution.fields.get("sourceRevisions", []):
            if revision["actionName"] == action["name"]:
                if revision["revisionType"] == "S3_OBJECT_VERSION_ID":
                    version = revision["revisionValue"]
                elif revision["revisionType"] == "S3_OBJECT_KEY":
                    if action["configuration"].get("AllowOverrideForS3ObjectKey") != "true":
                        raise Refusal(400, "ValidationException", "The source action takes no other object key")
                    key = revision["revisionValue"]
        return f"{bucket}/{key}", version

    def begin(self, execution, action, sources):
        settings, values = action["configuration"], {
            each["name"]: each["value"] for each in execution.fields.get("variables", [])}

        def resolved(text):
            return re.sub(r"#\{variables\.([^}]+)\}", lambda found: values.get(found[1], ""), text)

        variables = json.loads(settings.get("EnvironmentVariables") or "[]")
        fields = {
            "projectName": settings["ProjectName"], "initiator": f"codepipeline/{execution.name}",
            "environmentVariablesOverride": [
                dict(variable, value=resolved(variable["value"])) for variable in variables]}
        inputs = action.get("inputArtifacts", [])
        if inputs and inputs[0]["name"] in sources:
            location, version = sources[inputs[0]["name"]]
            fields |= {"sourceTypeOverride": "S3", "sourceLocationOverride": location, "sourceVersion": version}
        with self.changed:
            build = self.builds.begin(self.builds.project(settings["ProjectName"]), fields)
            execution.builds.append(build)
            self.builds.runner.start(build)
        return build
