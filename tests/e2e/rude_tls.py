"""A TLS 1.3 server that shakes hands as it should and then sends any record at all.

    def script(conn):
        conn.request()                      # waits for one
        conn.record(DATA, answer[:10])
        conn.record(HANDSHAKE, ticket(57))
        conn.record(DATA, answer[10:])

    with RudeTls(script) as server:
        ... server.url ...

The handshake is Python's, over memory; the secrets come from its key log; records are sealed by libcrypto. When the
script returns, the connection is closed without close_notify.
"""

import contextlib
import ctypes
import ctypes.util
import hmac
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest

import holdfast

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TAG = 16
GET_TAG, SET_TAG = 0x10, 0x11  # EVP_CTRL_AEAD_*

crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(crypto, name).restype = ctypes.c_void_p


def ticket(body=57):
    """A NewSessionTicket of so many bytes, its header not counted."""
    return b"\x04" + body.to_bytes(3, "big") + b"\xee" * body


def key_update(value):
    return b"\x18\0\0\1" + bytes([value])


def expand(secret, label, length, digest):
    """HKDF-Expand-Label with an empty context (RFC 8446 7.1)."""
    label = b"tls13 " + label
    info = struct.pack(">HB", length, len(label)) + label + b"\0"
    out = block = b""
    for number in range(1, 256):
        if len(out) >= length:
            break
        block = hmac.digest(secret, block + info + bytes([number]), digest)
        out += block
    return out[:length]


class Direction:
    """The keys of one direction, and its sequence number."""

    def __init__(self, secret):
        self.digest = "sha384" if len(secret) == 48 else "sha256"
        self.use(secret)

    def use(self, secret):
        self.secret, self.sequence = secret, 0
        self.key = expand(secret, b"key", 32 if len(secret) == 48 else 16, self.digest)
        self.iv = expand(secret, b"iv", 12, self.digest)

    def update(self):
        self.use(expand(self.secret, b"traffic upd", len(self.secret), self.digest))

    def run(self, header, data, tag=None):
        """Seals the data, or opens it when there is a tag; b"" and a wrong tag raise."""
        nonce = (int.from_bytes(self.iv, "big") ^ self.sequence).to_bytes(12, "big")
        self.sequence += 1
        context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
        cipher = ctypes.c_void_p((crypto.EVP_aes_256_gcm if len(self.key) == 32 else crypto.EVP_aes_128_gcm)())
        out, length = ctypes.create_string_buffer(len(data) + TAG), ctypes.c_int()
        try:
            crypto.EVP_CipherInit_ex(context, cipher, None, self.key, nonce, tag is None)
            if tag is not None:
                crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, TAG, tag)
            crypto.EVP_CipherUpdate(context, None, ctypes.byref(length), header, len(header))
            crypto.EVP_CipherUpdate(context, out, ctypes.byref(length), data, len(data))
            if crypto.EVP_CipherFinal_ex(context, ctypes.create_string_buffer(TAG), ctypes.byref(length)) != 1:
                raise ValueError("a record that does not decrypt")
            sealed = out.raw[:len(data)]
            if tag is None:
                made = ctypes.create_string_buffer(TAG)
                crypto.EVP_CIPHER_CTX_ctrl(context, GET_TAG, TAG, made)
                sealed += made.raw
            return sealed
        finally:
            crypto.EVP_CIPHER_CTX_free(context)


class Conn:
    """One connection whose handshake is done. messages: what the client sent besides data."""

    def __init__(self, plain, theirs, ours, tickets, behind):
        self.plain, self.theirs, self.ours = plain, Direction(theirs), Direction(ours)
        self.ours.sequence = tickets
        self.bytes, self.data, self.messages = behind, b"", []

    def receive(self):
        """Takes one record of the client's; False at its end."""
        while len(self.bytes) < 5 or len(self.bytes) < 5 + int.from_bytes(self.bytes[3:5], "big"):
            piece = self.plain.recv(65536)
            if not piece:
                return False
            self.bytes += piece
        length = 5 + int.from_bytes(self.bytes[3:5], "big")
        record, self.bytes = self.bytes[:length], self.bytes[length:]
        inner = self.theirs.run(record[:5], record[5:-TAG], record[-TAG:]).rstrip(b"\0")
        content, kind = inner[:-1], inner[-1]
        if kind == DATA:
            self.data += content
        else:
            self.messages.append((kind, content))
            if kind == HANDSHAKE and content[0] == 24:
                self.theirs.update()
        return True

    def request(self):
        """Waits for one; what came before it besides is in messages."""
        while b"\r\n\r\n" not in self.data:
            if not self.receive():
                raise ConnectionError("the client has gone")
        self.data = self.data.partition(b"\r\n\r\n")[2]

    def answer(self):
        self.request()
        self.record(DATA, ANSWER)

    def until_end(self):
        while self.receive():
            pass

    def raw(self, data):
        self.plain.sendall(data)

    def inner(self, data):
        """A record of whatever stands inside: content, type and padding."""
        self.raw(self.seal(data))

    def seal(self, data):
        header = bytes([DATA, 3, 3]) + (len(data) + TAG).to_bytes(2, "big")
        return header + self.ours.run(header, data)

    def record(self, kind, content, padding=0):
        self.inner(content + bytes([kind]) + bytes(padding))

    def update_key(self, ask):
        self.record(HANDSHAKE, key_update(ask))
        self.ours.update()


class RudeTls:
    """Each connection in a thread of its own. tickets: how many OpenSSL sends before the script begins."""

    def __init__(self, script, tickets=0):
        self.script, self.tickets = script, tickets
        self.failures = []
        if not shutil.which("openssl"):
            raise unittest.SkipTest("no openssl here")
        self.folder = tempfile.TemporaryDirectory(prefix="holdfast-rude-tls.")
        folder = pathlib.Path(self.folder.name)
        self.log, cert, key = folder / "keys.log", folder / "cert.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(cert, key)
        self.context.num_tickets = tickets
        self.context.keylog_filename = str(self.log)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.threads = []
        self.acceptor = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self):
        self.acceptor.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join(holdfast.TIMEOUT_SECONDS)
        for thread in self.threads:
            thread.join(holdfast.TIMEOUT_SECONDS)
        self.folder.cleanup()
        if self.failures:
            raise self.failures[0]

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(plain,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def secrets(self, random):
        """The client's and the server's, of the connection of that ClientHello.random."""
        found = {}
        for line in self.log.read_text().splitlines():
            words = line.split()
            if len(words) == 3 and words[1] == random.hex():
                found[words[0]] = bytes.fromhex(words[2])
        return found["CLIENT_TRAFFIC_SECRET_0"], found["SERVER_TRAFFIC_SECRET_0"]

    def shake_hands(self, plain):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.context.wrap_bio(incoming, outgoing, server_side=True)
        came = b""
        while True:
            # Record by record: what follows the client's Finished is not OpenSSL's.
            head = self.exactly(plain, 5)
            record = head + self.exactly(plain, int.from_bytes(head[3:5], "big"))
            came += record
            incoming.write(record)
            try:
                server.do_handshake()
                plain.sendall(outgoing.read())
                return Conn(plain, *self.secrets(came[11:43]), self.tickets, b"")
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())

    @staticmethod
    def exactly(plain, length):
        data = b""
        while len(data) < length:
            piece = plain.recv(length - len(data))
            if not piece:
                raise ConnectionError("the client has gone")
            data += piece
        return data

    def serve(self, plain):
        with plain, contextlib.suppress(OSError):
            try:
                self.script(self.shake_hands(plain))
            except (AssertionError, ValueError, KeyError) as error:
                self.failures.append(error)
