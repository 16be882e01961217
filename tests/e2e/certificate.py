"""Makes a certificate that signs itself, for servers of the tests."""

import pathlib
import shutil
import subprocess
import unittest


def certify(prefix, name="server", days=30, names="DNS:localhost,IP:127.0.0.1"):
    """A certificate that signs itself, and its key; skips the test where there is no openssl."""
    if shutil.which("openssl") is None:
        raise unittest.SkipTest("no openssl")
    made = pathlib.Path(prefix) / f"{name}.pem", pathlib.Path(prefix) / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", made[1], "-out", made[0], "-days", str(days), "-subj", "/CN=localhost",
                    "-addext", f"subjectAltName={names}"], check=True, capture_output=True)
    return made
