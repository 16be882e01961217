"""Starts servers other than nginx, each of its own (own folder, own port, no service touched), and removes them.

    with Apache(keepalive_timeout=5, requests=100) as server: ... server.url ...
    with Node(timeout_ms=5000, requests=0) as server: ...

ServerError where a server is not there or does not start.
"""

import os
import shutil
import subprocess
import time

from nginx import START_SECONDS, Server, ServerError, candidate_ports, die_with_parent, port_is_free

APACHE_MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules")

APACHE_CONFIG = """ServerRoot {prefix}
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir {prefix}
Mutex file:{prefix}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
{user}
Listen 127.0.0.1:{port}
ServerName localhost
DocumentRoot {prefix}/documents
StartServers 2
ThreadsPerChild 64
MaxRequestWorkers 256
ServerLimit 4
KeepAliveTimeout {keepalive_timeout}
MaxKeepAliveRequests {requests}
"""

NODE_SCRIPT = """
const server = require("http").createServer((request, response) => response.end("held"));
server.keepAliveTimeout = {timeout_ms};
server.maxRequestsPerSocket = {requests};
server.listen({{port: {port}, host: "127.0.0.1", backlog: 2048}});
"""


class Other(Server):
    """A kind of it says its command()."""

    def _start(self):
        self.prefix.chmod(0o755)
        self.port = next(filter(port_is_free, candidate_ports()))
        with open(self.prefix / "output", "wb") as output:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            start_new_session=True, preexec_fn=die_with_parent)
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self.process.poll() is None:
            if self._connects():
                return
            time.sleep(0.01)
        raise ServerError("did not start:\n" + (self.prefix / "output").read_text(errors="replace"))


class Apache(Other):
    def __init__(self, keepalive_timeout=5, requests=0):
        self.settings = {"keepalive_timeout": keepalive_timeout, "requests": requests}
        super().__init__()

    def command(self):
        binary = shutil.which("apache2") or shutil.which("httpd") or "/usr/sbin/apache2"
        modules = next((place for place in APACHE_MODULES if os.path.exists(f"{place}/mod_mpm_event.so")), None)
        if not os.access(binary, os.X_OK) or not modules:
            raise ServerError("no Apache httpd (package apache2-bin)")
        documents = self.prefix / "documents"
        documents.mkdir()
        (documents / "index.html").write_text("held\n")
        user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
        config = self.prefix / "httpd.conf"
        config.write_text(APACHE_CONFIG.format(prefix=self.prefix, modules=modules, port=self.port, user=user,
                                               **self.settings))
        return [binary, "-f", str(config), "-DFOREGROUND"]


class Node(Other):
    def __init__(self, timeout_ms=5000, requests=0):
        self.settings = {"timeout_ms": timeout_ms, "requests": requests}
        super().__init__()

    def command(self):
        binary = shutil.which("node")
        if not binary:
            raise ServerError("no Node")
        script = self.prefix / "server.js"
        script.write_text(NODE_SCRIPT.format(port=self.port, **self.settings))
        return [binary, str(script)]
