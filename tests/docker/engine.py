"""A container engine to test with: the machine's own, or one that is started
for the time of the test and leaves nothing."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

BASE = "debian:bookworm-slim"
OWN_BASE = "stint-test-base:bookworm"
# What dockerd writes into the tables of the host.
RULE = re.compile(r"DOCKER|docker0|\bbr-[0-9a-f]{12}\b")


class NoEngine(Exception):
    """Why no engine can run here."""


def output(*argv, timeout=900):
    """What a command prints; None when it fails or is not there."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def must(*argv, timeout=900):
    """Run a step without which there is no engine."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout)
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
        raise NoEngine("%s: %s" % (" ".join(argv[:2]), last))
    return done.stdout


def compose_command():
    for words in (["docker", "compose"], ["docker-compose"]):
        if output(*words, "version") is not None:
            return words
    return None


def rules():
    """(command, table, rule) of all that stands in the tables of the host."""
    found = []
    for command in ("iptables", "ip6tables"):
        for table in ("filter", "nat"):
            for rule in (output(command, "-t", table, "-S") or "").splitlines():
                found.append((command, table, rule))
    return found


def remove_rules(before):
    ours = [r for r in rules() if r not in before and RULE.search(r[2])]
    for kind, change in (("-A", "-D"), ("-N", "-X")):
        for command, table, rule in ours:
            words = rule.split()
            if words[0] == kind:
                output(command, "-t", table, change, *words[1:])


class Engine:
    """`with Engine() as e`: docker and e.compose can be used until the end."""

    def __init__(self):
        self.compose, self.base = None, BASE
        self.folder = self.daemon = None

    def __enter__(self):
        try:
            if output("docker", "info", timeout=120) is None:
                self.start_own()
            self.compose = compose_command()
            if self.compose is None:
                raise NoEngine("there is an engine, but no docker compose")
            self.get_base()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.base == OWN_BASE:
            output("docker", "rmi", OWN_BASE)
        if self.daemon is not None:
            self.stop_own()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start_own(self):
        if os.geteuid() != 0:
            raise NoEngine("no engine answers, and only root can start one")
        must("scripts/deps", "docker")
        # The client that belongs to the engine, before any other.
        os.environ["PATH"] = "/usr/bin:" + os.environ["PATH"]
        if output("docker", "info", timeout=120) is not None:
            return  # The packages have brought a service that runs.
        self.folder = tempfile.mkdtemp(prefix="stint-docker-")
        self.rules = rules()
        self.knobs = {path: read(path) for path in (
            "/proc/sys/net/ipv4/ip_forward",
            "/proc/sys/net/bridge/bridge-nf-call-iptables",
            "/proc/sys/net/bridge/bridge-nf-call-ip6tables")}
        self.had_bridge = os.path.exists("/sys/class/net/docker0")
        socket = "unix://%s/docker.sock" % self.folder
        with open(self.folder + "/log", "w") as log:
            self.daemon = subprocess.Popen(
                ["dockerd", "--data-root", self.folder + "/data",
                 "--exec-root", self.folder + "/exec",
                 "--pidfile", self.folder + "/dockerd.pid", "-H", socket],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        os.environ["DOCKER_HOST"] = socket
        for _ in range(120):
            if output("docker", "version") is not None:
                break
            if self.daemon.poll() is not None:
                break
            time.sleep(0.25)
        else:
            raise NoEngine("dockerd does not answer within 30 s")
        if self.daemon.poll() is not None:
            raise NoEngine("dockerd: " + self.last_words())
        # It drops what others forward; leave them alone.
        for command, table, rule in self.rules:
            if table == "filter" and rule.startswith("-P FORWARD"):
                output(command, *rule.split())

    def last_words(self):
        with open(self.folder + "/log") as log:
            lines = log.read().strip().splitlines() or ["it said nothing"]
        return lines[-1]

    def stop_own(self):
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        if not self.had_bridge:
            output("ip", "link", "delete", "docker0")
        remove_rules(self.rules)
        for path, value in self.knobs.items():
            if value is not None and read(path) != value:
                with open(path, "w") as knob:
                    knob.write(value)

    def get_base(self):
        """Debian as an image: here, or from a registry, or made."""
        if output("docker", "image", "inspect", BASE) is not None \
                or output("docker", "pull", "-q", BASE, timeout=120) is not None:
            return
        if os.geteuid() != 0:
            raise NoEngine("no registry is reachable, and only root can make "
                           "a base image")
        must("scripts/deps", "docker")
        with tempfile.TemporaryDirectory(prefix="stint-base-") as folder:
            make_base(folder + "/root")
        self.base = OWN_BASE


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def make_base(root):
    """debootstrap, from where this machine's apt has its packages."""
    mirrors = output(
        "apt-get", "indextargets", "--format", "$(REPO_URI)",
        "Identifier: Packages", "Codename: bookworm") or ""
    if not mirrors:
        raise NoEngine("no registry is reachable, and apt knows no bookworm")
    mirror = mirrors.splitlines()[0]
    more = ["--include=ca-certificates"] if mirror.startswith("https:") else []
    must("debootstrap", "--variant=minbase", *more, "bookworm", root, mirror,
         timeout=1200)
    proxies = output("apt-config", "dump", "Acquire::http::Proxy") or ""
    with open(root + "/etc/apt/apt.conf.d/90proxy", "w") as conf:
        conf.write(proxies)
    # As the images of registries have it: a build that breaks is begun anew.
    with open(root + "/etc/dpkg/dpkg.cfg.d/90unsafe", "w") as conf:
        conf.write("force-unsafe-io\n")
    tar = subprocess.Popen(["tar", "-C", root, "-c", "."],
                           stdout=subprocess.PIPE)
    done = subprocess.run(["docker", "import", "-", OWN_BASE],
                          stdin=tar.stdout, capture_output=True, text=True)
    tar.stdout.close()
    if tar.wait() != 0 or done.returncode != 0:
        raise NoEngine("docker import: " + done.stderr.strip())
