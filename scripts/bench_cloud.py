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
CONTEXTS = (5, 50)  # megabytes
INSTALL = 60  # so often a base hashes 16 MB, in the place of installing packages


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
    copy_of_usr(folder + "/packages", PACKAGES)
    images = []
    if with_base:
        os.makedirs(folder + "/base")
        write(folder + "/base/Dockerfile", "FROM scratch\nCOPY packages /opt/packages/\n")
        images.append("base")
    for number in range(IMAGES):
        name = f"handler{number}"
        os.makedirs(f"{folder}/{name}")
        start = "FROM base\n" if with_base else "FROM scratch\nCOPY packages /opt/packages/\n"
        write(f"{folder}/{name}/Dockerfile", f"{start}COPY shared /shared\nCOPY {name}/code /var/task/code\n")
        with open(f"{folder}/{name}/code", "wb") as file:
            file.write(os.urandom(HANDLER))
        images.append(name)
    write(folder + "/shared", "1\n")
    configure(folder, registry, images)
    return images


def configure(folder, registry, images, more=""):
    lines = "".join(f"  {name}: {{ dockerfile: {name}/Dockerfile }}\n" for name in images)
    write(folder + "/.imgwatch", f"registry: {registry}\naws: {{ bucket: contexts, project: builds }}\n"
          f"builder: codebuild\nimages:\n{lines}{more}")
    commit(folder)


def make_contexts(folder, registry):
    """Images of nothing but a context that is as large as that."""
    for size in CONTEXTS:
        os.makedirs(f"{folder}/of{size}/files")
        write(f"{folder}/of{size}/Dockerfile", f"FROM scratch\nCOPY of{size}/files /files\n")
        for number in range(size):
            with open(f"{folder}/of{size}/files/{number}", "wb") as file:
                file.write(os.urandom(1_000_000))
    names = [f"of{size}" for size in CONTEXTS]
    configure(folder, registry, names)
    return names


def make_installing(folder, registry):
    """A handler on a base whose RUN takes its time."""
    for name in ("base", "handler"):
        os.makedirs(f"{folder}/{name}")
    shutil.copy("/bin/busybox", folder + "/base/busybox")
    work = f"for i in $(seq {INSTALL}); do head -c 16000000 /dev/zero | sha256sum; done && echo installed packages"
    write(folder + "/base/Dockerfile", "FROM scratch\nCOPY base/busybox /bin/busybox\n"
          'RUN ["/bin/busybox", "--install", "-s", "/bin"]\n' f"COPY base/list /list\nRUN {work}\n")
    write(folder + "/base/list", "1\n")
    write(folder + "/handler/Dockerfile", "FROM base\nCOPY handler/code /code\nRUN cat /code\n")
    write(folder + "/handler/code", "1\n")
    configure(folder, registry, ["base", "handler"])
    return ["base", "handler"]


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


def pushed_after(aws, loop, path, image):
    """Seconds from the save until the image is in the registry, and the images that were built for that."""
    aws.tell("clear")
    with open(path, "ab") as file:
        file.write(b"more\n")
    start = time.time()
    loop.until(lambda line: line["event"] == "pushed" and line["node"] == image)
    end = time.time()
    loop.until(lambda line: line["event"] == "idle")
    return end - start, len(aws.done("codebuild StartBuild"))


def leaves_after_base(aws, loop, path):
    """Seconds from the base's digest in the registry until the last build of what is built on it is accepted."""
    aws.tell("clear")
    with open(path, "ab") as file:
        file.write(b"more\n")
    loop.until(lambda line: line["event"] == "idle")
    pushes = [each["time"] for each in aws.tell("log")
              if each["service"] == "registry" and each["method"] == "PUT" and "/base/manifests/" in each["path"]]
    starts = [moment for moment, _ in aws.done("codebuild StartBuild")]
    if len(starts) != IMAGES + 1:
        raise Wrong(f"{len(starts)} builds for a base and {IMAGES} images")
    return max(starts) - min(pushes)


def measure_plans(imgwatch, folder, count):
    """Seconds of `imgwatch plan` where nothing is known, and where everything is."""
    environment = dict(os.environ, XDG_STATE_HOME=folder + "/state", XDG_DATA_HOME=folder + "/state")
    project = folder + "/plan"
    cold, warm = [], []
    for times, command in [*[(cold, "plan")] * 5, ([], "build"), *[(warm, "plan")] * count]:
        if times is cold:
            shutil.rmtree(folder + "/state", ignore_errors=True)
        start = time.perf_counter()
        subprocess.run([imgwatch, command], cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return cold, warm


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
    sent, rows = {}, []

    def row(what, times, aim):
        rows.append(f"| {what} | {statistics.median(times):.2f} s | {p95(times):.2f} s | {aim} |")

    def looping(kind, make):
        say(f"AWS: {kind}")
        project = f"{folder}/{kind}"
        prepare(aws, [f"{kind}/{name}" for name in make(project, f"{aws.first['registry']}/{kind}")])
        return project, CloudLoop(imgwatch, project, f"{folder}/state-{kind}", aws)

    for kind, with_base in (("with", True), ("without", False)):
        project, loop = looping(kind, lambda *place: make_project(*place, with_base))
        try:
            one = [edit(aws, loop, f"{project}/handler0/code", 1) for _ in range(edits)]
            sent[kind] = statistics.median(size for _, _, size in one)
            if with_base:
                all_of_them = [edit(aws, loop, f"{project}/shared", IMAGES) for _ in range(edits)]
                row("save → 1 build accepted", [times[0] for times in one], "< 2 s")
                row(f"save → {IMAGES} builds accepted", [times[0] for times in all_of_them], "< 5 s")
                row(f"save → first build accepted, of {IMAGES}", [times[1] for times in all_of_them], "< 1 s")
                leaves = [leaves_after_base(aws, loop, f"{project}/packages/more") for _ in range(min(edits, 5))]
                row(f"digest of a base → {IMAGES} builds on it accepted", leaves, "< 1 s")
        finally:
            loop.end()
    project, loop = looping("contexts", make_contexts)
    try:
        for size, aim in zip(CONTEXTS, ("< 1 s", "< 5 s")):
            times = [edit(aws, loop, f"{project}/of{size}/files/0", 1)[0] for _ in range(min(edits, 5))]
            row(f"save → context of {size} MB packed and sent, build accepted", times, aim)
    finally:
        loop.end()
    project, loop = looping("installing", make_installing)
    try:
        whole = [pushed_after(aws, loop, f"{project}/base/list", "handler") for _ in range(min(edits, 3))]
        own = [pushed_after(aws, loop, f"{project}/handler/code", "handler") for _ in range(min(edits, 3))]
    finally:
        loop.end()
    if any(count != 1 for _, count in own):
        raise Wrong("an edit of a handler built its base")
    share = statistics.median(time for time, _ in own) / statistics.median(time for time, _ in whole)
    rows.append(f"| a handler alone : with the base that installs its packages, until pushed | {share:.2f} | | ≤ 0.3 |")
    rows.append(f"| bytes of the context with a base : without | {sent['with'] / sent['without']:.2f} "
                f"({sent['with'] / 1e6:.1f} : {sent['without'] / 1e6:.1f} MB) | | ≤ 0.30 |")
    cold, warm = measure_plans(imgwatch, folder, 4 * edits)
    row(f"`imgwatch plan`, {TREE[0]} files, nothing known", cold, "< 2 s")
    row(f"`imgwatch plan`, {TREE[0]} files, warm", warm, "< 0.1 s")
    return [
        "| an edit, of images that AWS builds | median | 95th percentile | aim |", "| --- | --- | --- | --- |", *rows,
    ]


def p95(times):
    """The time that 19 of 20 do not exceed."""
    return sorted(times)[max(0, -(-len(times) * 19 // 20) - 1)]
