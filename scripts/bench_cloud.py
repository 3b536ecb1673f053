"""Images that AWS builds: what an edit sends, and how long until every build is accepted, for scripts/bench.

AWS is the stand-in of the tests, on loopback: what is timed is imgwatch, and not AWS's network.
"""
import json
import os
import shutil
import socket
import statistics
import subprocess
import time

from bench_loop import Wrong
from bench_projects import TREE, commit, copy_of_usr, make_tree_project, write

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "imgwatch/test-tools")
PACKAGES = (400, 12_000_000)  # files and bytes, in the base
HANDLER = 1_000_000
IMAGES = 5


class AWS:
    """The stand-in, told what to do by lines of JSON."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([f"{TOOLS}/bin/python3", "-B", f"{HERE}/../Tests/Rigs/servers/aws/gate.py", "{}"],
                                        stdin=theirs, stdout=theirs)
        theirs.close()
        self.line = ours.makefile("rw")
        self.first = json.loads(self.line.readline())["answer"]

    def tell(self, command, **fields):
        self.line.write(json.dumps({"do": command, "with": fields}) + "\n")
        self.line.flush()
        reply = json.loads(self.line.readline())
        if reply.get("problem"):
            raise Wrong(f"the stand-in of AWS: {reply['problem']}")
        return reply.get("answer")

    def call(self, service, operation, **parameters):
        return self.tell("call", service=service, operation=operation, parameters=parameters)

    def done(self, name):
        """The requests of that name that imgwatch has sent since the log was cleared, as (time, size)."""
        return [(each["time"], each["size"]) for each in self.tell("log")
                if f"{each['service']} {each['operation']}" == name and each["caller"] == "user"
                and each["status"] == 200]

    @property
    def environment(self):
        first = self.first
        return dict(os.environ, CI="", AWS_ACCESS_KEY_ID=first["key"], AWS_SECRET_ACCESS_KEY=first["secret"],
                    AWS_REGION=first["region"], AWS_ENDPOINT_URL=first["endpoint"], AWS_EC2_METADATA_DISABLED="true")

    def end(self):
        self.process.kill()
        self.process.wait()


def make_project(folder, registry, with_base):
    """Handlers on a base with the packages, or each with the packages in its own context."""
    os.makedirs(folder)
    size = copy_of_usr(folder + "/packages", PACKAGES)
    images = {}
    if with_base:
        os.makedirs(folder + "/base")
        write(folder + "/base/Dockerfile", "FROM scratch\nCOPY packages /opt/packages/\n")
        images["base"] = "base/Dockerfile"
    for number in range(IMAGES):
        name = f"handler{number}"
        os.makedirs(f"{folder}/{name}")
        start = "FROM base\n" if with_base else "FROM scratch\nCOPY packages /opt/packages/\n"
        write(f"{folder}/{name}/Dockerfile", f"{start}COPY shared /shared\nCOPY {name}/code /var/task/code\n")
        with open(f"{folder}/{name}/code", "wb") as file:
            file.write(os.urandom(HANDLER))
        images[name] = f"{name}/Dockerfile"
    write(folder + "/shared", "1\n")
    lines = "".join(f"  {name}: {{ dockerfile: {path} }}\n" for name, path in images.items())
    write(folder + "/.imgwatch", f"registry: {registry}\naws: {{ bucket: contexts, project: builds }}\n"
          f"builder: codebuild\nimages:\n{lines}")
    commit(folder)
    return list(images), size


def prepare(aws, images):
    for name in images:
        aws.call("ecr", "create_repository", repositoryName=name, imageTagMutability="IMMUTABLE")


class CloudLoop:
    def __init__(self, imgwatch, project, state, aws):
        environment = dict(aws.environment, XDG_STATE_HOME=state, XDG_DATA_HOME=state)
        self.process = subprocess.Popen([imgwatch, "up", "--json"], cwd=project, env=environment, text=True,
                                        stdout=subprocess.PIPE)
        self.until(lambda line: line["event"] == "idle")

    def until(self, is_meant):
        for text in self.process.stdout:
            line = json.loads(text)
            if line["event"] == "failed":
                raise Wrong(f"{line['node']} failed: {line['reason']}")
            if is_meant(line):
                return
        raise Wrong("the loop ended")

    def end(self):
        self.process.terminate()
        self.process.wait()


def edit(aws, loop, path, count):
    """Seconds from the save until `count` builds are accepted, and what was sent."""
    aws.tell("clear")
    with open(path, "ab") as file:
        file.write(b"more\n")
    start = time.time()
    done = 0
    while done < count:
        loop.until(lambda line: line["event"] == "pushed")
        done += 1
    loop.until(lambda line: line["event"] == "idle")
    accepted = [moment for moment, _ in aws.done("codebuild StartBuild")]
    if len(accepted) != count:
        raise Wrong(f"{len(accepted)} builds for {count} images")
    return max(accepted) - start, min(accepted) - start, sum(size for _, size in aws.done("s3 PutObject"))


def measure_plans(imgwatch, folder, count):
    """Seconds of `imgwatch plan` where everything is known."""
    environment = dict(os.environ, XDG_STATE_HOME=folder + "/state", XDG_DATA_HOME=folder + "/state")
    project = folder + "/plan"
    times = []
    for command in ["build", *["plan"] * count]:
        start = time.perf_counter()
        subprocess.run([imgwatch, command], cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return times[1:]


def measure(imgwatch, folder, edits, say):
    """Markdown lines; nothing where the stand-in is not installed."""
    if not os.path.exists(f"{TOOLS}/installed"):
        say("nothing stands in for AWS here (scripts/setup test): left out")
        return []
    aws = AWS()
    try:
        return _measure(aws, imgwatch, folder, edits, say)
    finally:
        aws.end()
        shutil.rmtree(folder, ignore_errors=True)


def _measure(aws, imgwatch, folder, edits, say):
    aws.call("s3", "create_bucket", Bucket="contexts")
    aws.call("s3", "put_bucket_versioning", Bucket="contexts", VersioningConfiguration={"Status": "Enabled"})
    aws.call("codebuild", "create_project", name="builds", source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
             artifacts={"type": "NO_ARTIFACTS"}, serviceRole="arn:aws:iam::123456789012:role/builds",
             environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                          "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": True})
    # Its files are to be at rest on the disk when they are looked at.
    make_tree_project(folder + "/plan")
    sent, times = {}, {}
    for with_base in (True, False):
        kind = "with" if with_base else "without"
        say(f"AWS: {IMAGES} images {kind} a base")
        project = f"{folder}/{kind}"
        names, _ = make_project(project, f"{aws.first['registry']}/{kind}", with_base)
        prepare(aws, [f"{kind}/{name}" for name in names])
        loop = CloudLoop(imgwatch, project, f"{folder}/state-{kind}", aws)
        try:
            one = [edit(aws, loop, f"{project}/handler0/code", 1) for _ in range(edits)]
            sent[kind] = statistics.median(size for _, _, size in one)
            if with_base:
                times[1] = one
                times[IMAGES] = [edit(aws, loop, f"{project}/shared", IMAGES) for _ in range(edits)]
        finally:
            loop.end()
    plans = measure_plans(imgwatch, folder, 4 * edits)
    return [
        "| an edit, of images that AWS builds | median | worst | aim |", "| --- | --- | --- | --- |",
        *(f"| save → {count} build{'s' if count > 1 else ''} accepted | {seconds(times[count], 0)} | "
          f"{seconds(times[count], 0, max)} | < {aim} s |" for count, aim in ((1, 2), (IMAGES, 5))),
        f"| save → first build accepted, of {IMAGES} | {seconds(times[IMAGES], 1)} | "
        f"{seconds(times[IMAGES], 1, max)} | < 1 s |",
        f"| bytes of the context with a base : without | {sent['with'] / sent['without']:.2f} "
        f"({sent['with'] / 1e6:.1f} : {sent['without'] / 1e6:.1f} MB) | | ≤ 0.30 |",
        f"| `imgwatch plan`, {TREE[0]} files, warm | {statistics.median(plans) * 1000:.0f} ms | "
        f"{max(plans) * 1000:.0f} ms | < 100 ms |",
    ]


def seconds(rows, column, choose=statistics.median):
    return f"{choose(row[column] for row in rows):.2f} s"
