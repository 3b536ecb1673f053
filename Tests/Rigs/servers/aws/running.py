"""Carries out CodeBuild's builds: a queue, a folder with the source, and bash for the commands of their buildspecs."""
import contextlib
import io
import os
import shutil
import signal
import subprocess
import threading
import time
import zipfile

import processes
from buildspec import PHASES, Buildspec, Malformed, script
from builds import PHASE_NAMES, Ended

MARK = "IMGWATCH_RIG_GATE"
SHIMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shims")


def storage_driver(folder):
    """buildah's: overlay where this machine lets us mount one, for it copies no files; else the one that always works."""
    places = [f"{folder}/{name}" for name in ("lower", "upper", "work", "merged")]
    for place in places:
        os.mkdir(place)
    options = "lowerdir={},upperdir={},workdir={}".format(*places)
    words = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, places[-1]]
    with contextlib.suppress(OSError):
        if subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
            return "overlay"
    return "vfs"


class Runner:
    def __init__(self, gate, emulator, folder):
        self.gate, self.emulator, self.folder = gate, emulator, folder
        self.queue, self.running = [], 0
        os.mkdir(folder + "/overlay")
        self.driver = storage_driver(folder + "/overlay")
        # Guards every build and batch, and tells whoever waits that one of them went on.
        self.changed = threading.Condition(threading.RLock())
        with open(folder + "/registries.conf", "w", encoding="utf-8") as file:
            file.write("unqualified-search-registries = []\n")

    def start(self, build):
        with self.changed:
            self.queue.append(build)
        threading.Thread(target=self.run, args=(build,), daemon=True).start()

    def stop(self, build):
        with self.changed:
            if build.is_over:
                return
            build.is_stopped = True
            self.changed.notify_all()
            self.kill(build)

    @staticmethod
    def kill(build):
        if build.process and build.process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(build.process.pid, signal.SIGKILL)
        threading.Thread(target=processes.kill_marked, args=(f"CODEBUILD_BUILD_ID={build.id}",), daemon=True).start()

    def run(self, build):
        work = f"{self.folder}/builds/{build.uuid}"
        try:
            status = "FAULT"
            self.wait_in_queue(build)
            status = Execution(self, build, work).run()
        except Ended as end:
            status = end.status
        except Exception as problem:  # a mistake of the rig: the test shall see it
            build.phases.fail("INTERNAL_SERVICE_ERROR", repr(problem), "FAULT")
            raise
        finally:
            processes.kill_marked(f"CODEBUILD_BUILD_ID={build.id}")
            shutil.rmtree(work, ignore_errors=True)
            self.finish(build, status)

    def finish(self, build, status):
        with self.changed:
            if build.is_running:
                self.running -= 1
            elif build in self.queue:
                self.queue.remove(build)
            if status == "STOPPED":
                build.phases.all[-1]["phaseStatus"] = "STOPPED"
            if build.is_running:
                build.phases.enter("FINALIZING")
            build.phases.enter("COMPLETED")
            build.is_running, build.status, build.ended = False, status, time.time()
            self.changed.notify_all()

    def minutes(self, count):
        return count * self.gate.settings["minute"]

    def wait_in_queue(self, build):
        with self.changed:
            build.phases.enter("QUEUED")

            def may_go():
                is_next = self.queue[0] is build and self.running < self.gate.settings["concurrency"]
                return build.is_stopped or is_next

            if not self.changed.wait_for(may_go, self.minutes(build.queue_timeout)):
                build.phases.fail("BUILD_TIMED_OUT", "Build has timed out in the queue.", "TIMED_OUT")
                raise Ended("TIMED_OUT")
            if build.is_stopped:
                raise Ended("STOPPED")
            self.queue.remove(build)
            self.running += 1
            build.is_running, build.deadline = True, time.monotonic() + self.minutes(build.timeout)
            build.phases.enter("PROVISIONING")
            self.changed.notify_all()
            if self.changed.wait_for(lambda: build.is_stopped, self.gate.settings["provisioning"]):
                raise Ended("STOPPED")
            if self.gate.settings["faultyBuilds"] > 0:
                self.gate.settings["faultyBuilds"] -= 1
                build.phases.fail("INTERNAL_SERVICE_ERROR", "An internal service error occurred.", "FAULT")
                raise Ended("FAULT")

    def download(self, location, version=None):
        """An object of S3 by `bucket/key` or ARN; throws what the build then says."""
        bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
        try:
            wanted = {"VersionId": version} if version else {}
            return self.gate.client("s3").get_object(Bucket=bucket, Key=key, **wanted)["Body"].read()
        except Exception as problem:
            raise LookupError(f"error while downloading key {key}, error: {problem}") from None


def unpack(data, folder):
    """A zip with the modes that are in it, and links as such."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for item in archive.infolist():
            mode = item.external_attr >> 16
            place = os.path.join(folder, item.filename)
            if mode & 0o170000 == 0o120000:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.symlink(archive.read(item).decode(), place)
                continue
            place = archive.extract(item, folder)
            if mode and not item.is_dir():
                os.chmod(place, mode & 0o7777)


def buildspec_text(spec, folder, download, is_inline_allowed=True):
    """The text that a buildspec's setting stands for: itself, an object of S3, or a file of the source."""
    if spec and "\n" in spec:
        if not is_inline_allowed:
            raise Malformed("a node of a batch names a buildspec of the source, it does not have one")
        return spec
    if spec and spec.startswith("arn:aws:s3:::"):
        return download(spec).decode()
    path = os.path.join(folder, spec or "buildspec.yml")
    if not os.path.isfile(path):
        raise Malformed(f"stat {path}: no such file or directory")
    with open(path, encoding="utf-8") as file:
        return file.read()


class Execution:
    """One build, from its source to its last phase."""

    def __init__(self, runner, build, work):
        self.runner, self.build, self.work, self.source = runner, build, work, work + "/src"
        self.state, self.last, self.has_failed = work + "/state.sh", work + "/last", False
        for name in (self.source, work + "/home", work + "/tmp"):
            os.makedirs(name)

    def say(self, line):
        self.runner.emulator.log(self.build.group, self.build.uuid, time.time(), line)

    def agent(self, line):
        moment = time.time()
        text = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(moment))
        self.say(f"[Container] {text}.{int(moment % 1 * 1e6):06} {line}")

    def enter(self, name):
        with self.runner.changed:
            self.build.phases.enter(name)
            self.runner.changed.notify_all()

    def leave(self):
        phase = self.build.phases.all[-1]
        context = (phase.get("contexts") or [{"statusCode": "", "message": ""}])[0]
        self.agent(f"Phase complete: {phase['phaseType']} State: {phase.get('phaseStatus', 'SUCCEEDED')}")
        self.agent(f"Phase context status code: {context['statusCode']} Message: {context['message']}")

    def fail(self, code, message, status="FAILED"):
        with self.runner.changed:
            self.build.phases.fail(code, message, status)
        self.leave()

    def run(self):
        build = self.build
        self.runner.emulator.make_log(build.group, build.uuid)
        build.has_log = True
        self.agent("Running on CodeBuild On-demand")
        self.agent("Waiting for agent ping")
        self.enter("DOWNLOAD_SOURCE")
        self.agent("Phase is DOWNLOAD_SOURCE")
        spec = self.prepare()
        if spec is None:
            return "FAILED"
        self.leave()
        for name in PHASES:
            self.enter(PHASE_NAMES[name])
            phase = spec.phases.get(name)
            if phase and not self.run_phase(name, phase):
                break
        self.export(spec)
        if not self.has_failed:
            self.enter("UPLOAD_ARTIFACTS")
            self.leave()
        return "FAILED" if self.has_failed else "SUCCEEDED"

    def prepare(self):
        """The source and the buildspec; None where one is not to be had, and then the phase has failed."""
        build = self.build
        self.agent("CODEBUILD_SRC_DIR=" + self.source)
        secret = [variable["name"] for variable in build.environment["environmentVariables"]
                  if variable["type"] != "PLAINTEXT"]
        try:
            if build.source["type"] == "S3":
                unpack(self.runner.download(build.source["location"], build.version), self.source)
            is_inline_allowed = build.node is None or build.node.buildspec is None
            spec = Buildspec(buildspec_text(
                build.source.get("buildspec"), self.source, self.runner.download, is_inline_allowed))
            self.prepare_environment(spec)
        except LookupError as problem:
            return self.fail("CLIENT_ERROR", str(problem))
        except zipfile.BadZipFile as problem:
            return self.fail("CLIENT_ERROR", f"error while unpacking the source, error: {problem}")
        except Malformed as problem:
            return self.fail("YAML_FILE_ERROR", str(problem))
        if secret or spec.secret:
            names = ", ".join(secret + spec.secret)
            return self.fail("Decrypted Variables Error", f"parameter does not exist: {names}")
        self.agent(f"Phases found in YAML: {len(spec.phases)}")
        for name, phase in spec.phases.items():
            self.agent(f" {PHASE_NAMES[name]}: {len(phase.commands)} commands")
        return spec

    def prepare_environment(self, spec):
        build, gate, work = self.build, self.runner.gate, self.work
        key, secret, token = gate.build_credentials
        variables = {
            "PATH": f"{SHIMS}:{gate.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": work + "/home", "TMPDIR": work + "/tmp", "LANG": "C.UTF-8", **spec.variables}
        for variable in build.environment["environmentVariables"]:
            variables[variable["name"]] = variable["value"]
        region = self.runner.emulator.region
        variables |= {
            "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": gate.endpoint,
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token,
            "AWS_EC2_METADATA_DISABLED": "true", "CODEBUILD_BUILD_ID": build.id, "CODEBUILD_BUILD_ARN": build.arn,
            "CODEBUILD_SRC_DIR": self.source, "CODEBUILD_BUILD_NUMBER": str(build.number), "CODEBUILD_CI": "true",
            "CODEBUILD_INITIATOR": build.request.get("initiator", "rig"), "CODEBUILD_LOG_PATH": build.uuid,
            "CODEBUILD_START_TIME": str(int(build.started * 1000)),
            "CODEBUILD_BUILD_IMAGE": build.environment.get("image", ""), MARK: gate.mark,
            "DOCKER_CONFIG": work + "/docker", "REGISTRY_AUTH_FILE": work + "/auth.json",
            "IMGWATCH_RIG_FOLDER": self.runner.folder, "IMGWATCH_RIG_STORE": self.store(),
            "IMGWATCH_RIG_DRIVER": "vfs" if self.has_cache else self.runner.driver,
            "IMGWATCH_RIG_PYTHON": gate.python}
        if build.version:
            variables |= {"CODEBUILD_SOURCE_VERSION": build.version, "CODEBUILD_RESOLVED_SOURCE_VERSION": build.version}
        if build.node:
            variables["CODEBUILD_BATCH_BUILD_IDENTIFIER"] = build.node.identifier
        self.variables = variables
        with open(self.state, "w", encoding="utf-8") as file:
            file.write(f"cd {self.source}\n")

    @property
    def has_cache(self):
        return self.build.project.get("cache", {}).get("type") == "LOCAL"

    def store(self):
        """Where its images are: builds know nothing of each other's, as on AWS, unless their project has a cache."""
        return (self.runner.folder if self.has_cache else self.work) + "/store"

    def run_phase(self, name, phase):
        """Whether the next phase is to come: after a build that failed, only what comes after a build."""
        self.agent(f"Entering phase {PHASE_NAMES[name]}")
        status = self.shell(phase.commands)
        if status:
            with open(self.last, encoding="utf-8", errors="replace") as file:
                command = file.read()
            text = f"Error while executing command: {command}. Reason: exit status {status}"
            with self.runner.changed:
                self.build.phases.fail("COMMAND_EXECUTION_ERROR", text)
            self.has_failed = self.has_failed or not phase.goes_on
        self.shell(phase.last)
        self.leave()
        return not status or phase.goes_on or name in ("build", "post_build") and not phase.aborts

    def shell(self, commands):
        """Carries them out in one bash; gives its exit status."""
        if not commands:
            return 0
        build = self.build
        place = self.work + "/phase.sh"
        with open(place, "w", encoding="utf-8") as file:
            file.write(script(commands, self.state, self.last, not self.has_failed))
        with open(self.last, "w", encoding="utf-8") as file:
            file.write(commands[0])
        with self.runner.changed:
            if build.is_stopped:
                raise Ended("STOPPED")
            build.process = subprocess.Popen(
                ["/bin/bash", place], env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, start_new_session=True, text=True, errors="replace")
        reader = threading.Thread(target=self.read, args=(build.process.stdout,), daemon=True)
        reader.start()
        try:
            status = build.process.wait(max(0, build.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.runner.kill(build)
            build.process.wait()
            self.fail("BUILD_TIMED_OUT", "Build has timed out.", "TIMED_OUT")
            raise Ended("TIMED_OUT") from None
        # What runs on behind the commands may hold their output open.
        reader.join(1)
        if build.is_stopped:
            raise Ended("STOPPED")
        return status if status >= 0 else 128 - status

    def read(self, output):
        for line in output:
            self.say(line.rstrip("\n"))

    def export(self, spec):
        """The variables that the buildspec wants to be told."""
        if not spec.exported:
            return
        text = '. "$1"; shift; for name; do printf "%s\\0" "${!name}"; done'
        done = subprocess.run(["/bin/bash", "-c", text, "bash", self.state, *spec.exported], capture_output=True,
                              env=self.variables, check=False)
        values = done.stdout.decode("utf-8", "replace").split("\0")
        with self.runner.changed:
            self.build.exported = dict(zip(spec.exported, values))
