# SPDX-License-Identifier: Apache-2.0
"""What `check` and `serve` say of certificates before anything is served with them: whole findings."""
import datetime
import os

from cryptography.hazmat.primitives.asymmetric import ec, rsa

import harness
import rules_kit
from certificates import CLIENT, SERVER, Authority, Place, key_pem
from sidecar import Refused, Sidecar, rules_text

AUTHORITY, OTHER = Authority("one"), Authority("other")
BETWEEN = Authority("between", AUTHORITY)
PAIR = AUTHORITY.issue("sidecar")
PASSED = AUTHORITY.issue("sidecar", begin=-60, end=-10)
AHEAD = AUTHORITY.issue("sidecar", begin=3600, end=7200)
ENDS = Authority("ends", seconds=-5)
SHORT = rsa.generate_private_key(65537, 1024)


def at(moment):
    """As our messages write a time of a certificate."""
    return moment.replace(microsecond=0).isoformat() + ".000000000Z"


def broken(pem):
    """Its second line is cut."""
    lines = pem.splitlines(True)
    return b"".join(lines[:1] + [lines[1][:20] + b"\n"] + lines[2:])


EXPECTED_CERT = "-----BEGIN CERTIFICATE-----"
EXPECTED_KEY = "-----BEGIN PRIVATE KEY-----"
MADE_ANEW = "have it made anew"

# name, certificate, key, authority, the finding: the file it is about and the words behind it
REFUSED = (
    ("no_certificate", b"", PAIR.key, AUTHORITY.pem, "cert",
     f"holds no certificate; PEM is expected, with a line {EXPECTED_CERT}"),
    ("a_certificate_cut_in_half", PAIR.cert[:200], PAIR.key, AUTHORITY.pem, "cert",
     "certificate 1 cannot be read: bad end line; write it again, whole"),
    ("a_broken_certificate", broken(PAIR.cert), PAIR.key, AUTHORITY.pem, "cert", None),
    ("binary", PAIR.cert + b"\0", PAIR.key, AUTHORITY.pem, "cert", "holds a NUL byte; PEM is text"),
    ("a_key_beside_the_certificate", PAIR.cert + PAIR.key, PAIR.key, AUTHORITY.pem, "cert",
     "holds a private key; keep that in a file of its own, mode 0400"),
    ("expired", PASSED.cert, PASSED.key, AUTHORITY.pem, "cert",
     f"certificate 1 has expired at {at(PASSED.until)}; {MADE_ANEW}"),
    ("not_yet_valid", AHEAD.cert, AHEAD.key, AUTHORITY.pem, "cert",
     f"certificate 1 is not valid before {at(AHEAD.until - datetime.timedelta(hours=1))}; look at the clock, or "
     f"{MADE_ANEW}"),
    ("for_clients_alone", *(lambda pair: (pair.cert, pair.key))(AUTHORITY.issue(uses=(CLIENT,))), AUTHORITY.pem, "cert",
     "certificate 1 is not for TLS servers; have it made with the extended key usage serverAuth"),
    ("the_issuer_first", AUTHORITY.pem + PAIR.cert, PAIR.key, AUTHORITY.pem, "cert",
     "certificate 1 is not signed by certificate 2; write the own one first and behind each one its issuer"),
    ("a_stranger_behind_it", PAIR.cert + OTHER.pem, PAIR.key, AUTHORITY.pem, "cert",
     "certificate 1 is not signed by certificate 2; write the own one first and behind each one its issuer"),
    ("an_issuer_that_has_ended", *(lambda pair: (pair.cert + ENDS.pem, pair.key))(ENDS.issue()), AUTHORITY.pem, "cert",
     None),
    ("no_key", PAIR.cert, b"", AUTHORITY.pem, "key",
     f"holds no private key; PEM is expected, with a line {EXPECTED_KEY}"),
    ("a_key_cut_in_half", PAIR.cert, PAIR.key[:100], AUTHORITY.pem, "key",
     "the private key cannot be read; write it again, whole"),
    ("an_encrypted_key", PAIR.cert, AUTHORITY.issue(password=b"secret").key, AUTHORITY.pem, "key",
     "is encrypted, and nobody can be asked for the password; write the key as it is, mode 0400"),
    ("the_key_of_another", PAIR.cert, AUTHORITY.issue().key, AUTHORITY.pem, "key",
     "is not the key of the certificate; write both of the same pair"),
    ("a_key_of_another_kind", PAIR.cert, key_pem(SHORT), AUTHORITY.pem, "key",
     "is not the key of the certificate; write both of the same pair"),
    ("a_weak_key", AUTHORITY.issue(key=SHORT).cert, key_pem(SHORT), AUTHORITY.pem, "key",
     "the TLS library refuses the pair: ee key too small; have it made with a stronger key"),
    ("no_authority", PAIR.cert, PAIR.key, b"\n", "client_ca",
     f"holds no certificate; PEM is expected, with a line {EXPECTED_CERT}"),
    ("an_authority_that_has_ended", PAIR.cert, PAIR.key, ENDS.pem, "client_ca", None),
)


class Certificates(harness.Case):
    def setUp(self):
        super().setUp()
        self.place = Place(self.home.path("tls"))
        (port,) = harness.free_ports(1)
        self.sidecar = Sidecar(self.home.folder, "127.0.0.1:9", rules_text(rules_kit.bound()), {
            "listen": [f"127.0.0.1:{port}"],
            "tls": {"cert": self.place.cert, "key": self.place.key, "client_ca": self.place.ca}})

    def findings(self):
        result = harness.run("rankguard", "check", "--config", self.sidecar.config)
        self.assertEqual(result.stderr, "")
        return result.returncode, result.stdout.splitlines()

    def line(self):
        """Where tls stands in the configuration file."""
        return list(self.sidecar.options).index("tls") + 1

    def said(self, option, path, words):
        return f"{self.sidecar.config}:{self.line()}: {option} {path}: {words}"

    def assertFinds(self, *findings):
        code, found = self.findings()
        self.assertEqual((code, found), (1, list(findings)))

    def option(self, name):
        return {"cert": self.place.cert, "key": self.place.key, "client_ca": self.place.ca}[name]


@harness.named(REFUSED)
class OneFinding(Certificates):
    def row(self, cert, key, authority, name, words):
        self.place.put_texts(cert, key, authority)
        code, found = self.findings()
        self.assertEqual((code, len(found)), (1, 1), found)
        start = self.said(f"tls.{name}", self.option(name), words or "")
        if words:
            self.assertEqual(found, [start])
        else:
            self.assertTrue(found[0].startswith(start), found)
        with self.assertRaises(Refused) as refused:
            self.sidecar.start()
        self.assertEqual(refused.exception.code, 1)
        self.assertEqual(self.sidecar.errors(), found)


class MoreFindings(Certificates):
    def test_a_good_pair(self):
        for pair, authority in ((PAIR, AUTHORITY.pem), (BETWEEN.issue("sidecar"), AUTHORITY.pem + OTHER.pem),
                                (AUTHORITY.issue(key=rsa.generate_private_key(65537, 2048)), AUTHORITY.pem),
                                (AUTHORITY.issue(key=ec.generate_private_key(ec.SECP384R1()), uses=(SERVER,)),
                                 AUTHORITY.pem)):
            self.place.put_texts(pair.cert, pair.key, authority)
            self.assertEqual(self.findings(), (0, [f"{self.sidecar.config}: nothing that serve would refuse"]))

    def test_files_that_are_not_there(self):
        self.assertFinds(
            *(self.said(option, path, f"cannot be opened: No such file or directory; give the path of a readable file")
              if option != "tls.key" else self.said(option, path, "cannot be read: No such file or directory")
              for option, path in (("tls.cert", self.place.cert), ("tls.key", self.place.key),
                                   ("tls.client_ca", self.place.ca))))

    def test_a_key_that_everybody_reads(self):
        for mode in (0o404, 0o644, 0o402):
            self.place.put_texts(PAIR.cert, PAIR.key, AUTHORITY.pem, mode)
            self.assertFinds(self.said("tls.key", self.place.key,
                                       f"mode {mode:04o} lets everybody read it; chmod 0400"))
        self.place.put_texts(PAIR.cert, PAIR.key, AUTHORITY.pem, 0o440)
        self.assertEqual(self.findings()[0], 0, "a group may: Kubernetes' fsGroup")

    def test_a_folder_for_a_key(self):
        self.place.put(PAIR, AUTHORITY)
        os.unlink(self.place.key)
        os.makedirs(self.place.key)
        self.assertFinds(self.said("tls.key", self.place.key, "not a plain file; name the key file"))

    def test_all_at_once(self):
        self.place.put_texts(PASSED.cert, b"none", ENDS.pem)
        code, found = self.findings()
        self.assertEqual(code, 1)
        self.assertEqual([line.split(" ")[1] for line in found], ["tls.cert", "tls.key", "tls.client_ca"], found)

    def test_what_is_due_is_a_warning(self):
        pair = AUTHORITY.issue("sidecar", begin=-1000, end=200)
        self.place.put(pair, AUTHORITY.pem + ENDS.pem)
        code, found = self.findings()
        self.assertEqual((code, found[:2]), (0, [
            "warning: " + self.said("tls.cert", self.place.cert, f"expires at {at(pair.until)}; {MADE_ANEW}"),
            "warning: " + self.said("tls.client_ca", self.place.ca,
                                    "1 of its 2 certificates cannot be used at this time; leave them out")]))

    def test_the_other_side(self):
        """A certificate for servers alone is of no use towards the recommender."""
        up = Place(self.home.path("up"))
        up.put(AUTHORITY.issue(uses=(SERVER,)), AUTHORITY)
        self.place.put(PAIR, AUTHORITY)
        self.sidecar.options["upstream_tls"] = {"ca": up.ca, "cert": up.cert, "key": up.key}
        self.sidecar.write_config()
        code, found = self.findings()
        line = list(self.sidecar.options).index("upstream_tls") + 1
        self.assertEqual((code, found), (1, [
            f"{self.sidecar.config}:{line}: upstream_tls.cert {up.cert}: certificate 1 is not for TLS clients; have it "
            "made with the extended key usage clientAuth"]))


if __name__ == "__main__":
    harness.main()
