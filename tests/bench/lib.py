"""What the benchmarks share: the lab's hosts, the program's events, the slow wire, medians."""

import json
import os
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = os.environ.get("GANGPLANK_BIN", str(ROOT / "target/release/gangplank"))
# No run may take longer, seconds.
DEADLINE = 600


class Failed(Exception):
    """A figure cannot be measured; the text says why."""


class Kind:
    """What differs between the two clusters of the lab."""

    def __init__(self, letter, option, tars, load, dns):
        self.workers = [f"{letter}{number}" for number in (1, 2, 3)]
        self.option = option
        # Loaded before anything is measured, and how.
        self.tars, self.load = tars, load
        # What a whole run brings to the cluster.
        self.dns = dns


OLD = Kind(
    "w", "", ["pause", "kube-proxy", "dns"], "docker load -q -i",
    ["replicationcontroller/kube-dns-v11", "service/kube-dns", "serviceaccount/kube-dns"],
)
CURRENT = Kind(
    "x", " --current", ["pause", "kube-proxy", "coredns"], "ctr -n k8s.io images import",
    ["deployment/coredns", "service/kube-dns", "configmap/coredns", "serviceaccount/coredns"],
)


def environment(current=False):
    """The variables of one of the two clusters, and under `kind` which it is."""
    state = os.environ.get("GANGPLANK_LAB", str(Path.home() / ".local/state/gangplank-lab")).removesuffix("-current")
    kind = CURRENT if current else OLD
    file = Path(state + ("-current" if current else "")) / "env"
    if not file.exists():
        raise Failed(f"{file} is not there: start the lab with tests/lab/up{kind.option}")
    text = subprocess.run(["bash", "-c", '. "$1" && env -0', "bash", file], capture_output=True, check=True).stdout
    pairs = (item.split("=", 1) for item in text.decode().split("\0") if "=" in item)
    lab = {name: value for name, value in pairs if name.startswith("LAB_")}
    return {**lab, "kind": kind}


def docker(lab, *words):
    return subprocess.run(["docker", "-H", lab["LAB_DOCKER_HOST"], *words], capture_output=True, text=True)


def must(done, what):
    if done.returncode:
        raise Failed(f"{what}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def blank(lab, names):
    """Hosts as new, with their images loaded; those with containerd have the configuration that a kubelet needs."""
    must(subprocess.run([ROOT / "tests/lab/reset", *names], capture_output=True, text=True), f"reset {' '.join(names)}")
    for name in names:
        configure(lab, name)
        for tar in lab["kind"].tars:
            words = ["docker", "-H", lab["LAB_DOCKER_HOST"], "exec", name, "sh", "-c", f"{lab['kind'].load} /lab/images/{tar}.tar"]
            must(subprocess.run(words, capture_output=True, text=True), f"{name}: {tar}")


# What a whole run made of containerd's configuration, by worker: a tar.
configured = {}


def configure(lab, name):
    """Gives a blank worker the containerd configuration that gangplank makes there."""
    if lab["kind"] is not CURRENT:
        return
    run = ["docker", "-H", lab["LAB_DOCKER_HOST"], "exec", "-i", name, "sh", "-c"]
    if name not in configured:
        progress(f"{name}: its containerd is configured once")
        with Home() as home:
            apply(lab, write_plan(lab, home, True), home, [name], True)
        done = subprocess.run([*run, "mkdir -p /etc/containerd && tar -C / -c etc/containerd"], capture_output=True)
        if done.returncode:
            raise Failed(f"{name}: the configuration of containerd: {done.stderr.decode().strip()}")
        configured[name] = done.stdout
        must(subprocess.run([ROOT / "tests/lab/reset", name], capture_output=True, text=True), f"reset {name}")
    again = "tar -C / -x && systemctl restart containerd && until ctr version; do sleep 0.1; done > /dev/null 2>&1"
    done = subprocess.run([*run, again], input=configured[name], capture_output=True)
    if done.returncode:
        raise Failed(f"{name}: containerd with its configuration: {done.stderr.decode().strip()}")


def kubectl(lab, *words, given=None):
    """kubectl of the cluster, as its administrator; what it printed."""
    program = lab.get("LAB_KUBECTL", "kubectl")
    done = subprocess.run([program, "--kubeconfig", lab["LAB_ADMIN_KUBECONFIG"], *words], capture_output=True, text=True, input=given)
    return must(done, f"kubectl {' '.join(words[:3])}")


def forget_dns(lab):
    """The cluster without the DNS a whole run brought."""
    kubectl(lab, "-n", "kube-system", "delete", "--ignore-not-found", "--wait=false", *lab["kind"].dns)


def ssh(lab, command, worker=None):
    """Runs a command on a worker over a connection of its own, as root; seconds."""
    worker = worker or lab["kind"].workers[0]
    # The second logs in as somebody who needs sudo.
    sudo = worker == lab["kind"].workers[1]
    command = f"sudo -S -p '' sh -c {shlex.quote(command)}" if sudo else command
    words = ["ssh", "-F", "none", "-i", lab["LAB_SSH_KEY"], "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    words += ["-o", f"UserKnownHostsFile={lab['LAB_KNOWN_HOSTS']}", f"{'ops' if sudo else 'root'}@{lab[f'LAB_{worker.upper()}_IP']}", command]
    start = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, input=lab["LAB_OPS_PASSWORD"] + "\n")
    if done.returncode:
        raise Failed(f"ssh to {worker}: {done.stderr.strip()}")
    return time.monotonic() - start


def login(lab):
    """What a plain `ssh HOST true` takes; seconds."""
    return ssh(lab, "true")


def floor(lab, worker=None):
    """The least any onboarding can take: one ssh that makes one key and reloads systemd; seconds."""
    seconds = ssh(lab, "openssl genrsa -out /root/.bench.key 2048 && systemctl daemon-reload", worker)
    ssh(lab, "rm -f /root/.bench.key", worker)
    return seconds


def floors_at_once(lab):
    """The same to all workers at once: until the last has ended; seconds."""
    with ThreadPoolExecutor() as pool:
        return max(pool.map(lambda worker: floor(lab, worker), lab["kind"].workers))


class Wire:
    """The relay, for the SSH ports of some addresses."""

    def __init__(self, milliseconds, addresses):
        targets = [f"{address}:22" for address in addresses]
        self.process = subprocess.Popen(
            [HERE / "relay", str(milliseconds), *targets],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.ports = {}
        for _ in targets:
            target, near = self.process.stdout.readline().split()
            self.ports[target.rsplit(":", 1)[0]] = near.rsplit(":", 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def write_plan(lab, folder, ca_here, wire=None):
    """A copy of the lab's plan: its own kubeconfig, and SSH through the wire where there is one."""
    text = Path(lab["LAB_PLAN_CA_HERE" if ca_here else "LAB_PLAN"]).read_text()
    text, changed = re.subn(r"^  file: .*$", f"  file: {folder}/.kube/lab.config", text, flags=re.M)
    if changed != 1:
        raise Failed("the lab's plan has no line `  file: ...` below kubectl")
    for address, port in (wire.ports if wire else {}).items():
        worker = rf"(    address: {re.escape(address)}\n    ssh: \{{)"
        text, workers = re.subn(worker, rf"\g<1>host: 127.0.0.1, port: {port}, ", text)
        text, hosts = re.subn(rf"(where: ssh://root@){re.escape(address)}:22", rf"\g<1>127.0.0.1:{port}", text)
        if workers + hosts != 1:
            raise Failed(f"the lab's plan names {address} {workers + hosts} times")
    plan = Path(folder) / "plan.yaml"
    plan.write_text(text)
    return plan


class Home:
    """A home folder that nobody has used before."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="gangplank-bench.")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def password(lab):
    """A file descriptor that the password of ops is read from."""
    read, write = os.pipe()
    os.write(write, lab["LAB_OPS_PASSWORD"].encode() + b"\n")
    os.close(write)
    return read


def own_environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SSH_", "KUBECONFIG"))}
    return {**kept, "HOME": home}


def apply(lab, plan, home, workers, until_started):
    """Runs the program and returns its events, each with the seconds since the process started as `at`.

    With `until_started` it is stopped when step "start" has ended on every worker. The last event is
    {"kind": "exit", "code": ...}.
    """
    words = [PROGRAM, "apply", str(plan), "--json"]
    for name in workers:
        words += ["--worker", name]
    fds = []
    ops = lab["kind"].workers[1]
    if ops in workers:
        fds.append(password(lab))
        words += ["--secret", f"sudo:{ops}=fd:{fds[0]}"]
    env = own_environment(home)
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, env=env, pass_fds=fds, text=True
        )
        for fd in fds:
            os.close(fd)
        limit = threading.Timer(DEADLINE, process.kill)
        limit.start()
        events, waiting = [], set(workers)
        for line in process.stdout:
            at = time.monotonic() - start
            try:
                event = json.loads(line)
            except ValueError as error:
                raise Failed(f"not an event: {line.strip()}") from error
            event["at"] = at
            events.append(event)
            if event.get("kind") == "task-ended" and event.get("step") == "start":
                waiting.discard(event.get("place"))
                if until_started and not waiting:
                    process.send_signal(signal.SIGINT)
                    break
        if until_started and not waiting:
            # A second one ends what is still at work; nobody looks at it any more.
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.stdout.close()
        code = process.wait()
        at = time.monotonic() - start
        limit.cancel()
        complaints.seek(0)
        said = complaints.read().strip()
    if until_started and waiting or not until_started and code != 0:
        troubles = [json.dumps(event) for event in events if event.get("kind") == "trouble"]
        raise Failed("\n".join([f"{' '.join(words)} ended with {code}", *troubles, said]))
    return [*events, {"kind": "exit", "code": code, "at": at}]


def started(events, workers):
    """When the last action of step "start" on the last worker had ended; seconds."""
    ends = {}
    for event in events:
        if event["kind"] == "action-ended" and event.get("step") == "start" and event.get("place") in workers:
            ends[event["place"]] = event["at"]
    missing = [name for name in workers if name not in ends]
    if missing:
        raise Failed(f"nothing was started on {', '.join(missing)}: was it blank?")
    return max(ends.values())


def parts(events, worker):
    """Where the time went on a worker, in order and without gaps; milliseconds by name."""
    def first(*kinds, steps):
        times = [event["at"] for event in events if fits(event, kinds, steps)]
        return min(times) if times else None

    def last(*kinds, steps):
        times = [event["at"] for event in events if fits(event, kinds, steps)]
        return max(times) if times else None

    def fits(event, kinds, steps):
        return event["kind"] in kinds and event.get("place") == worker and event.get("step") in steps

    install = ["certificates", "kubeconfigs", "kubelet", "kube-proxy", "start"]
    marks = [
        ("program", events[0]["at"]),
        ("connect", last("task-ended", steps=["connect"])),
        ("facts", first("action-started", steps=["keys"])),
        ("keys", last("action-ended", steps=["keys"])),
        ("sign", first("action-started", steps=install)),
        ("install", last("action-ended", steps=["start"])),
    ]
    missing = [name for name, at in marks if at is None]
    if missing:
        raise Failed(f"no event tells when {', '.join(missing)} had ended on {worker}")
    result, before = {}, 0.0
    for name, at in marks:
        result[name] = (at - before) * 1000
        before = at
    return result


def median(values):
    return statistics.median(values)


def progress(text):
    """A line that is written over by the next one, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
