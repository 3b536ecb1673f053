"""Runs Debian's docker-registry for a test, in the variant that it asks for, and ends it when the test ends."""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading

import wire

PATIENCE = 60  # seconds, on a busy machine too
OPENSSL_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/sbin:/sbin")
    if path is None:
        raise FileNotFoundError(f"there is no `{name}`")
    return path


def run(words, text=""):
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{words[0]}: {done.stderr.strip()}")
    return done.stdout


def make_certificates(folder):
    """A private authority, and a certificate by it for this machine's loopback names."""
    settings, authority = folder + "/openssl.cnf", folder + "/authority/ca.crt"
    os.mkdir(folder + "/authority")
    with open(settings, "w", encoding="utf-8") as file:
        file.write("[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=rig\n[authority]\nbasicConstraints=critical,"
                   "CA:true\nsubjectKeyIdentifier=hash\n[server]\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
                   "extendedKeyUsage=serverAuth\n")
    words = [tool("openssl"), "req", "-x509", "-config", settings, "-days", "2", *OPENSSL_KEY]
    run([*words, "-extensions", "authority", "-subj", "/CN=rig authority", "-keyout", folder + "/authority.key",
         "-out", authority])
    run([*words, "-extensions", "server", "-subj", "/CN=localhost", "-CA", authority, "-CAkey",
         folder + "/authority.key", "-keyout", folder + "/server.key", "-out", folder + "/server.pem"])


class Registry:
    def __init__(self, folder, options):
        self.folder, self.options, self.port, self.process = folder, options, options.get("port", 0), None
        self.root, self.log = folder + "/storage", []
        os.makedirs(self.root)
        if options.get("encrypted"):
            make_certificates(folder)
        if options.get("password"):
            line = run([tool("htpasswd"), "-niB", "-C", "4", options["user"]], options["password"] + "\n")
            with open(folder + "/htpasswd", "w", encoding="utf-8") as file:
                file.write(line)

    def settings(self):
        lines = [
            "version: 0.1", "log: {level: info, formatter: text}", "storage:",
            f"  filesystem: {{rootdirectory: {self.root}, maxthreads: 100}}",
            # No `cache`: that a blob vanished shall be seen.
            f"  delete: {{enabled: {str(self.options.get('deletes', True)).lower()}}}",
            "  maintenance: {uploadpurging: {enabled: false}}",
            f"http:\n  addr: 127.0.0.1:{self.port}\n  secret: rig",
            f"  relativeurls: {str(bool(self.options.get('relative'))).lower()}"]
        if self.options.get("encrypted"):
            lines.append(f"  tls: {{certificate: {self.folder}/server.pem, key: {self.folder}/server.key}}")
        if self.options.get("password"):
            lines.append(f"auth: {{htpasswd: {{realm: rig, path: {self.folder}/htpasswd}}}}")
        if token := self.options.get("token"):
            lines.append("auth:\n  token:")
            lines += [f"    {name}: {token[name]}" for name in ("realm", "service", "issuer", "rootcertbundle")]
        return "\n".join(lines) + "\n"

    def do_start(self):
        path = self.folder + "/settings.yml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.settings())
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        die_with_parent = ctypes.CDLL(None).prctl
        self.process = subprocess.Popen(
            [tool("docker-registry"), "serve", path], env=environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            preexec_fn=lambda: die_with_parent(1, signal.SIGKILL))
        is_up = threading.Event()
        threading.Thread(target=self.read, args=(self.process, is_up), daemon=True).start()
        if not is_up.wait(PATIENCE) or self.process.poll() is not None:
            self.do_stop()
            raise OSError("docker-registry does not start: " + "".join(self.log[-5:]))
        return self.port

    def read(self, process, is_up):
        for line in process.stdout:
            self.log.append(line)
            if found := re.search(r"listening on \S+?:(\d+)", line):
                self.port = int(found.group(1))
                is_up.set()
        process.wait()
        is_up.set()

    def do_stop(self):
        self.process.kill()
        self.process.wait()

    def do_log(self):
        return "".join(self.log)


def main():
    control = wire.Control()
    try:
        registry = Registry(control.folder, wire.settings())
        registry.do_start()
    except OSError as problem:
        control.say({"problem": str(problem)})
        control.end()
    control.at_end.append(registry.do_stop)
    control.say({"answer": {"port": registry.port, "folder": control.folder, "root": registry.root}})
    control.follow(lambda command: wire.perform(registry, command))


if __name__ == "__main__":
    main()
