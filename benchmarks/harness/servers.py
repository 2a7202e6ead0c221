# SPDX-License-Identifier: Apache-2.0
"""What clients connect to: a nats-server, or a raw server that is never the bottleneck."""

import os
import secrets
import subprocess
import time
from pathlib import Path

from programs import stop

PATIENCE = 10  # seconds


class NatsServer:
    """On a free port of 127.0.0.1, with a random token; with TLS where a certificate is given."""

    def __init__(self, program, directory, certificates=None):
        self.token = secrets.token_hex(16)
        self.certificates = certificates
        configuration = Path(directory) / ("tls.conf" if certificates else "plain.conf")
        # In a file, since arguments are shown to every user of the machine.
        text = f'host: "127.0.0.1"\nport: -1\nauthorization {{ token: "{self.token}" }}\n'
        if certificates:
            text += (f'allow_non_tls: true\ntls {{ cert_file: "{certificates / "server.pem"}", '
                     f'key_file: "{certificates / "server.key"}" }}\n')
        configuration.touch(mode=0o600)
        configuration.write_text(text)
        ports = Path(directory) / ("tls-ports" if certificates else "ports")
        ports.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [program, "-c", str(configuration), "--ports_file_dir", str(ports)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.address = self._address(ports)

    def _address(self, ports):
        path = ports / f"{Path(self.process.args[0]).name}_{self.process.pid}.ports"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if path.exists() and (text := path.read_text()).count("127.0.0.1:"):
                return text.split("127.0.0.1:")[1].split('"')[0]
            time.sleep(0.02)
        raise RuntimeError("nats-server does not start")

    def environment(self):
        scheme = "tls" if self.certificates else "nats"
        more = {"CONATS_BENCH_CA": str(self.certificates / "ca.pem")} if self.certificates else {}
        return {"NATS_URL": f"{scheme}://{self.token}@127.0.0.1:{self.address}", **more}

    def stop(self):
        stop(self.process)


class RawServer:
    """One for one run."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()
        if not self.port:
            raise RuntimeError("the raw server does not start")

    def environment(self):
        return {"NATS_URL": f"nats://127.0.0.1:{self.port}"}

    def stop(self):
        stop(self.process)


def processor_time(process):
    """Of a running process, seconds."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def make_certificates(directory):
    """An authority and a server's certificate for 127.0.0.1, by the openssl command."""
    directory = Path(directory)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=benchmark")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
    return directory
