# SPDX-License-Identifier: Apache-2.0
"""Certificates made by python3-cryptography: authorities and what they sign, as PEM files that can be swapped.

    authority = Authority("one")
    pair = authority.issue("server")                 # for 127.0.0.1 and localhost, by default for an hour
    place = Place(folder)                            # tls.crt, tls.key, ca.crt, as a mounted Secret has them
    place.put(pair, authority)                       # all at once: a link is renamed
"""
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _now():
    return datetime.datetime.utcnow()


def key_pem(key, password=None):
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, how)


class Pair:
    """A certificate with the issuers behind it, and its key; texts are PEM."""

    def __init__(self, certificate, key, issuers=b"", password=None):
        self.until = certificate.not_valid_after
        self.cert = certificate.public_bytes(PEM) + issuers
        self.key = key_pem(key, password)
        self.serial = certificate.serial_number


class Authority:
    def __init__(self, name, parent=None, seconds=86400):
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        signer = parent or self
        self._certificate = self._sign(signer, name, self._key.public_key(), -60, seconds, (
            (x509.BasicConstraints(ca=True, path_length=None), True),))
        self.pem = self._certificate.public_bytes(PEM)
        self.issuers = self.pem + parent.issuers if parent else b""  # what stands behind a certificate

    @staticmethod
    def _sign(signer, name, public, begin, end, extensions):
        build = (x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(signer.name))
                 .public_key(public).serial_number(x509.random_serial_number())
                 .not_valid_before(_now() + datetime.timedelta(seconds=begin))
                 .not_valid_after(_now() + datetime.timedelta(seconds=end)))
        for extension, critical in extensions:
            build = build.add_extension(extension, critical)
        return build.sign(signer._key, hashes.SHA256())

    def issue(self, name="leaf", begin=-60, end=3600, uses=(SERVER, CLIENT), dns=("localhost",), ip=("127.0.0.1",),
              key=None, password=None):
        """A pair that may be used from `begin` to `end`, in seconds from now."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(one) for one in dns] + [x509.IPAddress(ipaddress.ip_address(one)) for one in ip]
        certificate = self._sign(self, name, key.public_key(), begin, end, (
            (x509.SubjectAlternativeName(names), False), (x509.ExtendedKeyUsage(list(uses)), False)))
        return Pair(certificate, key, self.issuers, password)


class Place:
    """A folder as the kubelet mounts a Secret: tls.crt -> ..data/tls.crt, and ..data is a link that is renamed."""

    def __init__(self, folder):
        self.folder = folder
        self._turn = 0
        os.makedirs(folder)
        for name in ("tls.crt", "tls.key", "ca.crt"):
            os.symlink(f"..data/{name}", self.path(name))

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def cert(self):
        return self.path("tls.crt")

    @property
    def key(self):
        return self.path("tls.key")

    @property
    def ca(self):
        return self.path("ca.crt")

    def put(self, pair, authority):
        self.put_texts(pair.cert, pair.key, authority if isinstance(authority, bytes) else authority.pem)

    def put_texts(self, cert, key, ca, mode=0o400):
        self._turn += 1
        data = f"..{self._turn}"
        os.makedirs(self.path(data))
        for name, text in (("tls.crt", cert), ("tls.key", key), ("ca.crt", ca)):
            with open(self.path(os.path.join(data, name)), "wb") as file:
                file.write(text)
        os.chmod(self.path(os.path.join(data, "tls.key")), mode)
        os.symlink(data, self.path("..next"))
        os.rename(self.path("..next"), self.path("..data"))
