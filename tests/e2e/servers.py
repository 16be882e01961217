"""Starts real servers, each of its own (own folder, own port, no service touched), and removes them.

    with Apache(keepalive_timeout=5, requests=100, mpm="prefork") as server: ... server.url ...
    with Node(timeout_ms=5000, tls=True) as server: ... server.url, *server.trusted ...
    with HAProxy(tls=True, bind="verify required ca-file @PREFIX@/server.pem") as server: ... *server.client ...

Programs are those of PATH, of /usr/sbin, or what tools/unpack-servers unpacked into build/servers. ServerError where a
server is not there or does not start.
"""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

from certificate import certify
from nginx import (ROOT, START_SECONDS, Nginx, Server, ServerError, candidate_ports, die_with_parent, keep_port,
                   port_is_free)

UNPACKED = ROOT / "build/servers"
APACHE_MODULES = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
                  f"{UNPACKED}/usr/lib/apache2/modules")
LIGHTTPD_MODULES = ("/usr/lib/lighttpd", "/usr/lib64/lighttpd", f"{UNPACKED}/usr/lib/lighttpd")

APACHE_CONFIG = """ServerRoot @PREFIX@
PidFile httpd.pid
ErrorLog error.log
DefaultRuntimeDir @PREFIX@
Mutex file:@PREFIX@
LoadModule mpm_@MPM@_module @MODULES@/mod_mpm_@MPM@.so
LoadModule authz_core_module @MODULES@/mod_authz_core.so
LoadModule dir_module @MODULES@/mod_dir.so
@USER@
Listen 127.0.0.1:@PORT@
ServerName localhost
DocumentRoot @PREFIX@/documents
@PROCESSES@
KeepAliveTimeout @KEEPALIVE@
MaxKeepAliveRequests @REQUESTS@
@TLS@
@LINES@
"""
APACHE_PROCESSES = {  # Of event: one process holds them all, as one that is short of threads ends idle connections.
                    "event": "ThreadLimit 256\nStartServers 1\nThreadsPerChild 256\nMaxRequestWorkers 256\nServerLimit 4",
                    "prefork": "StartServers 224\nMinSpareServers 1\nMaxSpareServers 256\nMaxRequestWorkers 256\n"
                               "ServerLimit 256"}
APACHE_TLS = """LoadModule ssl_module @MODULES@/mod_ssl.so
SSLEngine on
SSLCertificateFile @PREFIX@/server.pem
SSLCertificateKeyFile @PREFIX@/server.key
SSLSessionCache none"""

HAPROXY_CONFIG = """global
    maxconn 4000
defaults
    mode http
    timeout connect 5s
    timeout server 60s
    timeout client 60s
    timeout http-keep-alive @KEEPALIVE@s
frontend held
    bind 127.0.0.1:@PORT@ @TLS@ @BIND@
@LINES@
    http-request return status 200 content-type text/plain string held
"""

LIGHTTPD_CONFIG = """server.document-root = "@PREFIX@/documents"
server.bind = "127.0.0.1"
server.port = @PORT@
server.max-keep-alive-idle = @KEEPALIVE@
server.max-keep-alive-requests = @REQUESTS@
index-file.names = ("index.html")
@TLS@
@LINES@
"""
LIGHTTPD_TLS = """server.modules += ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "@PREFIX@/server.pem"
ssl.privkey = "@PREFIX@/server.key\""""

CADDY_CONFIG = """{
    admin off
    auto_https off
    servers {
        protocols h1 h2
        timeouts {
            idle @KEEPALIVE@s
        }
    }
}
@SCHEME@://:@PORT@ {
    bind 127.0.0.1
    respond "held"
    @TLS@
}
"""
CADDY_TLS = "tls @PREFIX@/server.pem @PREFIX@/server.key {\n@LINES@\n}"

H2O_CONFIG = """listen:
  host: 127.0.0.1
  port: @PORT@
http1-request-timeout: @KEEPALIVE@
num-threads: 1
max-connections: 4096
@USER@
pid-file: @PREFIX@/h2o.pid
hosts:
  "*":
    paths:
      "/":
        file.dir: @PREFIX@/documents
@LINES@
"""

UVICORN_APPLICATION = """
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"held"})
"""

HITCH_CONFIG = """frontend = "[127.0.0.1]:@PORT@"
backend = "[127.0.0.1]:@BACKEND@"
pem-file = "@PREFIX@/both.pem"
workers = 1
daemon = off
@USER@
@LINES@
"""

NODE_SCRIPT = """
const fs = require("fs");
const tls = {@LINES@};
if (@TLS@) {
    tls.cert = fs.readFileSync("@PREFIX@/server.pem");
    tls.key = fs.readFileSync("@PREFIX@/server.key");
}
const server = require(@TLS@ ? "https" : "http").createServer(tls, (request, response) => response.end("held"));
server.keepAliveTimeout = @TIMEOUT_MS@;
server.maxRequestsPerSocket = @REQUESTS@;
server.listen({port: @PORT@, host: "127.0.0.1", backlog: 2048});
"""


def program(*names):
    """The path of one that is there."""
    for name in names:
        for place in (shutil.which(name), f"/usr/sbin/{name}", UNPACKED / "usr/sbin" / name, UNPACKED / "usr/bin" / name):
            if place and os.access(place, os.X_OK):
                return str(place)
    raise ServerError(f"no {names[0]} (tools/unpack-servers)")


def modules(places, name):
    """The folder that has a server's module of that name."""
    for place in places:
        if os.path.exists(f"{place}/{name}"):
            return place
    raise ServerError(f"no {name}")


def environment(prefix):
    """Of a server: its libraries may have been unpacked beside it, and what it would keep at home is its folder's."""
    libraries = [str(place) for usr in (UNPACKED, UNPACKED / "usr") for place in usr.glob("lib/*-linux-gnu*")]
    paths = {"LD_LIBRARY_PATH": ":".join(libraries)} if libraries else {}
    return {**os.environ, **paths, "HOME": str(prefix), "XDG_CONFIG_HOME": str(prefix), "XDG_DATA_HOME": str(prefix)}


class TlsNginx(Nginx):
    """nginx with a certificate of its own; its status page comes over TLS, too."""

    def _write_config(self):
        if not (self.prefix / "server.pem").exists():
            certify(self.prefix)
        super()._write_config()

    @property
    def url(self):
        return f"https://localhost:{self.port}/"

    @property
    def status_url(self):
        return self.url + "nginx_status"

    @property
    def trusted(self):
        return "--cacert", self.prefix / "server.pem"

    @property
    def client(self):
        """A client certificate that it trusts."""
        return "--cert", self.prefix / "server.pem", "--key", self.prefix / "server.key"

    def _connect(self, timeout):
        """For stub_status()."""
        context = ssl.create_default_context(cafile=self.prefix / "server.pem")
        plain = socket.create_connection(("127.0.0.1", self.status_port), timeout=timeout)
        return context.wrap_socket(plain, server_hostname="localhost")


class Other(Server):
    """tls: it speaks TLS, with a certificate of its own. lines: more of its configuration, in its own words; @PREFIX@
    is its folder. A kind of it says its command()."""

    reload_signal = None

    def __init__(self, tls=False, lines=""):
        self.tls, self.lines = tls, lines
        super().__init__()

    @property
    def url(self):
        return f"https://localhost:{self.port}/" if self.tls else f"http://127.0.0.1:{self.port}/"

    @property
    def trusted(self):
        return ("--cacert", self.prefix / "server.pem") if self.tls else ()

    @property
    def client(self):
        """A client certificate: the server's own, which it trusts where it is told to."""
        return "--cert", self.prefix / "server.pem", "--key", self.prefix / "server.key"

    def renew(self):
        """Another certificate, which it takes with its next reload."""
        cert, key = certify(self.prefix)
        (self.prefix / "both.pem").write_bytes(cert.read_bytes() + key.read_bytes())

    def reload(self):
        """New connections are those of its new configuration; what becomes of the old ones is its own way."""
        self.process.send_signal(self.reload_signal)

    def output(self):
        """What it said so far."""
        return (self.prefix / "output").read_text(errors="replace")

    def fill(self, name, text, **values):
        """Writes a file of its folder: each @NAME@ is its value."""
        for key, value in {"LINES": self.lines, **values, "PREFIX": self.prefix, "PORT": self.port}.items():
            text = text.replace(f"@{key}@", str(value))
        path = self.prefix / name
        path.write_text(text)
        return str(path)

    def documents(self):
        """A folder with one small page."""
        folder = self.prefix / "documents"
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text("held\n")

    def _start(self):
        self.prefix.chmod(0o755)
        for self.port in candidate_ports():
            self.keeper = keep_port(self.port)
            if self.keeper and port_is_free(self.port):
                break
        if self.tls:
            self.renew()
        with open(self.prefix / "output", "wb") as output:
            self.process = subprocess.Popen(self.command(), stdin=self.stdin(), stdout=output, stderr=output,
                                            cwd=self.prefix, env=environment(self.prefix), start_new_session=True,
                                            preexec_fn=die_with_parent)
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self.process.poll() is None:
            if self._connects():
                return
            time.sleep(0.01)
        raise ServerError(f"{type(self).__name__} did not start: {self.output()}")

    def stdin(self):
        return subprocess.DEVNULL


class Apache(Other):
    """mpm: event or prefork."""

    reload_signal = signal.SIGUSR1

    def __init__(self, keepalive_timeout=5, requests=0, mpm="event", **options):
        self.settings = {"KEEPALIVE": keepalive_timeout, "REQUESTS": requests, "MPM": mpm,
                         "PROCESSES": APACHE_PROCESSES[mpm]}
        super().__init__(**options)

    def command(self):
        binary = program("apache2", "httpd")
        self.documents()
        user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
        place = modules(APACHE_MODULES, f"mod_mpm_{self.settings['MPM']}.so")
        config = self.fill("httpd.conf", APACHE_CONFIG, USER=user, TLS=APACHE_TLS if self.tls else "", MODULES=place,
                           **self.settings)
        return [binary, "-f", config, "-DFOREGROUND"]


class Node(Other):
    """lines: members of the object that https.createServer() is given."""

    def __init__(self, timeout_ms=5000, requests=0, **options):
        self.settings = {"TIMEOUT_MS": timeout_ms, "REQUESTS": requests}
        super().__init__(**options)

    def command(self):
        binary = shutil.which("node")
        if not binary:
            raise ServerError("no Node")
        return [binary, self.fill("server.js", NODE_SCRIPT, TLS="true" if self.tls else "false", **self.settings)]


class HAProxy(Other):
    """bind: words of its bind line. lines: of its frontend. It answers by itself, and counts no requests."""

    reload_signal = signal.SIGUSR2

    def __init__(self, keepalive_timeout=60, bind="", **options):
        self.settings = {"KEEPALIVE": keepalive_timeout, "BIND": bind}
        super().__init__(**options)

    def command(self):
        config = self.fill("haproxy.cfg", HAPROXY_CONFIG, TLS="ssl crt @PREFIX@/both.pem" if self.tls else "",
                           **self.settings)
        return [program("haproxy"), "-W", "-db", "-f", config]


class Lighttpd(Other):
    """requests: 65,535 at most."""

    reload_signal = signal.SIGUSR1

    def __init__(self, keepalive_timeout=60, requests=65535, **options):
        self.settings = {"KEEPALIVE": keepalive_timeout, "REQUESTS": requests}
        super().__init__(**options)

    def command(self):
        binary = program("lighttpd")
        place = modules(LIGHTTPD_MODULES, "mod_openssl.so" if self.tls else "")
        self.documents()
        config = self.fill("lighttpd.conf", LIGHTTPD_CONFIG, TLS=LIGHTTPD_TLS if self.tls else "", **self.settings)
        return [binary, "-D", "-f", config, "-m", place]


class Caddy(Other):
    """lines: of its tls directive."""

    def __init__(self, keepalive_timeout=60, **options):
        self.settings = {"KEEPALIVE": keepalive_timeout}
        super().__init__(**options)

    def command(self):
        tls = CADDY_TLS.replace("@LINES@", self.lines) if self.tls else ""
        config = self.fill("Caddyfile", CADDY_CONFIG, SCHEME="https" if self.tls else "http", TLS=tls, **self.settings)
        return [program("caddy"), "run", "--config", config, "--adapter", "caddyfile"]


class H2o(Other):
    def __init__(self, keepalive_timeout=60, lines=""):
        self.settings = {"KEEPALIVE": keepalive_timeout}
        super().__init__(lines=lines)

    def command(self):
        binary = program("h2o")
        self.documents()
        user = "user: root" if os.geteuid() == 0 else ""
        return [binary, "--mode", "worker", "--conf", self.fill("h2o.conf", H2O_CONFIG, USER=user, **self.settings)]


class Uvicorn(Other):
    """lines: words of its command line."""

    def __init__(self, keepalive_timeout=60, lines=""):
        self.keepalive_timeout = keepalive_timeout
        super().__init__(lines=lines)

    def command(self):
        program("uvicorn")
        self.fill("held.py", UVICORN_APPLICATION)
        packages = f"{UNPACKED}/usr/lib/python3/dist-packages"
        start = f"import sys; sys.path.append({packages!r}); from uvicorn.main import main; main()"
        return ["/usr/bin/python3", "-c", start, "held:application", "--app-dir", str(self.prefix), "--host", "127.0.0.1",
                "--port", str(self.port), "--log-level", "warning", "--timeout-keep-alive", str(self.keepalive_timeout),
                "--lifespan", "off", "--interface", "asgi3", *self.lines.split()]


class Hitch(Other):
    """In front of a port of loopback that speaks plain HTTP."""

    reload_signal = signal.SIGHUP

    def __init__(self, backend, lines=""):
        self.backend = backend
        super().__init__(True, lines)

    def command(self):
        user = 'user = "nobody"' if os.geteuid() == 0 else ""
        return [program("hitch"), "--config", self.fill("hitch.conf", HITCH_CONFIG, BACKEND=self.backend, USER=user)]


class GnutlsServ(Other):
    """It closes each connection with its answer. lines: words of its command line."""

    def __init__(self, lines=""):
        super().__init__(True, lines)

    def command(self):
        return [program("gnutls-serv"), "--http", "--port", str(self.port), "--x509certfile", self.prefix / "server.pem",
                "--x509keyfile", self.prefix / "server.key", *self.lines.split()]


class OpensslServer(Other):
    """openssl s_server, which serves one connection at a time. lines: words of its command line; with -www it answers by
    itself and closes, without it what say() is given goes to the client."""

    def __init__(self, lines="-www"):
        super().__init__(True, lines)

    def command(self):
        return [program("openssl"), "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", self.prefix / "server.pem",
                "-key", self.prefix / "server.key", *self.lines.split()]

    def stdin(self):
        return subprocess.PIPE

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
