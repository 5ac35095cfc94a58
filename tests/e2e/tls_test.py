# SPDX-License-Identifier: Apache-2.0
"""TLS on both sides: who gets in, what the recommender sees, certificates exchanged under load, and what is refused.

RANKGUARD_ROTATIONS says how often certificates are exchanged under load (default 10).
"""
import json
import os
import socket
import ssl
import threading
import time

import grpc
from cryptography import x509

import harness
import rules_kit
from auditlog import Log, check
from certificates import CLIENT, SERVER, Authority, Place
from client import Client
from harness import RANK
from messages import item, request, response
from recommender import Gate, Recommender, reply
from sidecar import CLEAR, Sidecar, rules_text

Code = grpc.StatusCode
REQUEST = request(CLEAR + "session")
ANSWER = response([item("a", 0.9, 0.4)])
ROTATIONS = int(os.environ.get("RANKGUARD_ROTATIONS", "10"))
SECRET_LINE = 1  # of a key's PEM text: the first one that is not its headline


def until(state, what):
    """Waits for a state of the sidecar that nothing announces."""
    end = time.monotonic() + harness.GUARD_S
    while not state():
        assert time.monotonic() < end, what


class Secure(harness.Case):
    """A sidecar whose TCP address wants certificates of `authority`, and whose Unix socket is plain."""

    def setUp(self):
        super().setUp()
        self.authority = Authority("applications")
        self.place = Place(self.home.path("tls"))
        self.place.put(self.authority.issue("sidecar"), self.authority)
        (port,) = harness.free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self.recommender = self.sidecar = None
        self.addCleanup(self.end)

    def end(self):
        if self.sidecar:
            self.sidecar.stop()
        if self.recommender:
            self.recommender.stop()

    def start(self, options=None, recommender=None):
        self.recommender = recommender or Recommender(f"unix:{self.home.path('reco.sock')}")
        self.recommender.on(RANK, reply(ANSWER))
        self.sidecar = Sidecar(self.home.folder, self.recommender.address, rules_text(rules_kit.bound()), {
            "tls": {"cert": self.place.cert, "key": self.place.key, "client_ca": self.place.ca}, **(options or {})})
        self.sidecar.options["listen"].append(self.address)
        self.sidecar.write_config()
        return self.sidecar.start()

    def client(self, pair=None, authority=None, options=()):
        """A caller that shows this pair (None: no certificate) and trusts this authority."""
        trust = (authority or self.authority).pem
        keys = (pair.key, pair.cert) if pair else (None, None)
        return Client(self.address, options, grpc.ssl_channel_credentials(trust, *keys))

    def code(self, pair=None, **more):
        with self.client(pair, **more) as caller:
            return caller.call(RANK, REQUEST).code

    def shown_serial(self):
        """The serial number of the certificate that a new connection is shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), harness.GUARD_S) as plain:
            with context.wrap_socket(plain) as secure:
                return x509.load_der_x509_certificate(secure.getpeercert(True)).serial_number

    def exchanged(self, pair, authority=None, place=None):
        """Puts a pair in its place and returns when it is in force."""
        since = len(self.sidecar.lines)
        (place or self.place).put(pair, authority or self.authority)
        self.assertTrue(self.sidecar.said("certificate", "new files in force", since))


class Listen(Secure):
    def test_who_gets_in(self):
        self.start()
        other = Authority("others")
        rows = (("signed", self.authority.issue("app"), Code.OK),
                ("no_certificate", None, Code.UNAVAILABLE),
                ("signed_by_another", other.issue("app"), Code.UNAVAILABLE),
                ("expired", self.authority.issue("app", begin=-60, end=-1), Code.UNAVAILABLE),
                ("not_yet_valid", self.authority.issue("app", begin=60), Code.UNAVAILABLE),
                ("for_servers_alone", self.authority.issue("app", uses=(SERVER,)), Code.UNAVAILABLE),
                ("signed_through_an_issuer", Authority("between", self.authority).issue("app"), Code.OK))
        for name, pair, code in rows:
            with self.subTest(name):
                self.assertEqual(self.code(pair), code)

    def test_the_sidecar_is_who_it_says(self):
        """The caller's own check fails against another authority: what is shown is our certificate."""
        self.start()
        self.assertEqual(self.code(self.authority.issue("app"), authority=Authority("others")), Code.UNAVAILABLE)

    def test_without_client_ca_nobody_is_asked(self):
        self.start({"tls": {"cert": self.place.cert, "key": self.place.key}})
        self.assertEqual(self.code(None), Code.OK)

    def test_plain_text_and_no_alpn_are_turned_away(self):
        self.start({"tls": {"cert": self.place.cert, "key": self.place.key}})
        with Client(self.address) as plain:
            self.assertEqual(plain.call(RANK, REQUEST).code, Code.UNAVAILABLE)
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), harness.GUARD_S) as bare:
            with context.wrap_socket(bare, server_hostname=host) as secure:
                secure.settimeout(harness.GUARD_S)
                self.assertEqual(secure.recv(1), b"", "HTTP/2 is spoken to who did not ask for it")

    def test_the_unix_socket_stays_plain(self):
        sidecar = self.start()
        with Client(sidecar.address) as caller:
            self.assertEqual(caller.call(RANK, REQUEST).code, Code.OK)

    def test_connections_are_counted_before_and_after_the_handshake(self):
        """Half-open, failed and finished connections: each is given back, none gets around the limit."""
        sidecar = self.start({"limits": {"connections": 2}})
        host, port = self.address.split(":")
        for _ in range(20):
            self.assertEqual(self.code(None), Code.UNAVAILABLE)
        held = [socket.create_connection((host, int(port))) for _ in range(3)]
        self.assertTrue(sidecar.said("connections", "2 are open, limits.connections is 2"))
        for one in held:
            one.close()
        pair = self.authority.issue("app")
        until(lambda: self.code(pair) == Code.OK, "connections were not given back")

    def test_a_call_in_flight_ends_when_the_sidecar_does(self):
        sidecar = self.start()
        gate = Gate()
        self.recommender.on(RANK, reply(ANSWER, gate=gate))
        with self.client(self.authority.issue("app")) as caller:
            call = caller.start(RANK, REQUEST)
            gate.wait_for(1)
            sidecar.terminate()
            self.assertTrue(sidecar.said("drain", "1 calls in flight"))
            gate.open()
            call.result()
        self.assertEqual(sidecar.wait(), 0)

    def test_an_expired_certificate_is_said(self):
        self.place.put(self.authority.issue("sidecar", begin=-1, end=5), self.authority)
        sidecar = self.start()
        self.assertTrue(sidecar.said("certificate", "tls.cert expires at "))
        self.assertTrue(sidecar.said("certificate", "tls.cert has expired at "))
        status, reasons = sidecar.admin("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("tls.cert has expired at ", reasons)
        self.exchanged(self.authority.issue("sidecar"))
        self.assertNotIn("tls.cert", sidecar.admin("/readyz")[1])
        self.assertEqual(self.code(self.authority.issue("app")), Code.OK)

    def test_what_is_told_and_what_is_not(self):
        pair = self.authority.issue("sidecar")
        self.place.put(pair, self.authority)
        sidecar = self.start()
        (told,) = json.loads(sidecar.admin("/status")[1])["certificates"]
        self.assertEqual((told["side"], told["reload_failed"]), ("tls", False))
        self.assertTrue(told["until"].startswith(pair.until.isoformat()))
        metric = sidecar.metric("rankguard_certificate_expiration_timestamp_seconds", certificate="tls.cert")
        self.assertEqual(metric, (pair.until - pair.until.utcfromtimestamp(0)).total_seconds())
        secret = pair.key.splitlines()[SECRET_LINE]
        status = sidecar.admin("/status")[1].encode()
        sidecar.stop()
        for folder, _, files in os.walk(sidecar.directory):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(secret, file.read())
        self.assertNotIn(secret, status)
        (opened,) = Log(sidecar.directory).of("open")
        self.assertIn(f'tls.key = "{self.place.key}"', opened["configuration"])


class Both(Secure):
    """A recommender that wants certificates of its own authority."""

    def setUp(self):
        super().setUp()
        self.theirs = Authority("recommenders")
        self.up = Place(self.home.path("up"))
        self.up.put(self.theirs.issue("sidecar", uses=(CLIENT,)), self.theirs)

    def start_secure(self, pair=None, upstream_tls=None, clients=True, options=None):
        pair = pair or self.theirs.issue("reco", uses=(SERVER,))
        credentials = grpc.ssl_server_credentials([(pair.key, pair.cert)], self.theirs.pem, clients)
        (port,) = harness.free_ports(1)
        return self.start({"upstream_tls": upstream_tls or
                           {"ca": self.up.ca, "cert": self.up.cert, "key": self.up.key}, **(options or {})},
                          Recommender(f"127.0.0.1:{port}", credentials))

    def asked(self, **more):
        """The answer's code, asked for over the plain Unix socket."""
        with Client(self.sidecar.address, **more) as caller:
            return caller.call(RANK, REQUEST).code

    def seen_serial(self):
        """The certificate that the recommender was shown with its last call."""
        (pem,) = self.recommender.calls[-1].context.auth_context()["x509_pem_cert"]
        return x509.load_pem_x509_certificate(pem).serial_number


class Upstream(Both):
    def test_both_sides(self):
        pair = self.theirs.issue("sidecar", uses=(CLIENT,))
        self.up.put(pair, self.theirs)
        self.start_secure()
        self.assertEqual(self.code(self.authority.issue("app")), Code.OK)
        self.assertEqual(self.seen_serial(), pair.serial)

    def test_the_authority_of_the_application_goes_on(self):
        """It names whom the application called, which is not in the recommender's certificate."""
        self.start_secure()
        self.assertEqual(self.asked(options=[("grpc.default_authority", "shop.example.org")]), Code.OK)
        self.assertEqual(self.recommender.calls[-1].host, "shop.example.org")

    def test_a_name_of_its_own(self):
        self.start_secure(self.theirs.issue("reco", dns=("reco.example.org",), ip=()), {
            "ca": self.up.ca, "cert": self.up.cert, "key": self.up.key, "server_name": "reco.example.org"})
        self.assertEqual(self.asked(), Code.OK)

    def assertUnreachable(self):
        self.assertEqual(self.asked(), Code.UNAVAILABLE)
        self.assertIn("not reachable", self.sidecar.admin("/readyz")[1])

    def test_another_name_is_not_the_recommender(self):
        self.start_secure(self.theirs.issue("reco", dns=("reco.example.org",), ip=()))
        self.assertUnreachable()

    def test_another_authority_is_not_the_recommender(self):
        self.start_secure(Authority("others").issue("reco"))
        self.assertUnreachable()

    def test_an_expired_recommender(self):
        self.start_secure(self.theirs.issue("reco", begin=-60, end=-1))
        self.assertUnreachable()

    def test_a_recommender_that_wants_a_certificate_and_gets_none(self):
        self.start_secure(upstream_tls={"ca": self.up.ca})
        self.assertUnreachable()

    def test_a_recommender_that_wants_none(self):
        self.start_secure(upstream_tls={"ca": self.up.ca}, clients=False)
        self.assertEqual(self.asked(), Code.OK)

    def test_a_recommender_in_plain_text(self):
        (port,) = harness.free_ports(1)
        self.start({"upstream_tls": {"ca": self.up.ca}}, Recommender(f"127.0.0.1:{port}"))
        self.assertUnreachable()

    def test_a_new_authority_lets_the_recommender_in_again(self):
        """No connection stands, so nothing is waited for."""
        self.up.put(self.theirs.issue("sidecar"), Authority("wrong"))
        self.start_secure()
        self.assertUnreachable()
        self.exchanged(self.theirs.issue("sidecar"), self.theirs, self.up)
        until(lambda: self.asked() == Code.OK, "the new authority is not used")

    def test_calls_in_flight_stay_on_their_connection(self):
        """Of both sides: exchanged under a call, the old connection lives until it ends."""
        sidecar = self.start_secure()
        gate = Gate()
        self.recommender.on(RANK, reply(ANSWER, gate=gate))
        with self.client(self.authority.issue("app")) as caller:
            call = caller.start(RANK, REQUEST)
            gate.wait_for(1)
            self.recommender.on(RANK, reply(ANSWER))
            self.exchanged(self.authority.issue("sidecar"))
            pair = self.theirs.issue("sidecar", uses=(CLIENT,))
            self.exchanged(pair, self.theirs, self.up)

            def follows():
                self.assertEqual(self.asked(), Code.OK)
                return self.seen_serial() == pair.serial

            until(follows, "calls do not follow the new certificate")
            gate.open()
            call.result()
        sidecar.stop()

    def test_a_certificate_that_the_recommender_does_not_take_yet(self):
        """The connection that stands is used while the newer one is refused: no call is lost."""
        sidecar = self.start_secure()
        self.assertEqual(self.asked(), Code.OK)
        before = self.seen_serial()
        self.exchanged(Authority("too-new").issue("sidecar"), self.theirs, self.up)
        for _ in range(20):
            self.assertEqual(self.asked(), Code.OK)
            self.assertEqual(self.seen_serial(), before)
        pair = self.theirs.issue("sidecar")
        self.exchanged(pair, self.theirs, self.up)
        until(lambda: self.asked() == Code.OK and self.seen_serial() == pair.serial, "the right one is not used")
        sidecar.stop()


class Callers:
    """Callers who rank without end: half of them over a connection that stands, the others over a new one each time.
    """

    def __init__(self, case, count):
        self.codes, self._case, self._over = [], case, threading.Event()
        self._threads = [threading.Thread(target=self._rank, args=(number % 2 == 0,), daemon=True)
                         for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _rank(self, stands):
        pair = self._case.authority.issue("app")
        while not self._over.is_set():
            with self._case.client(pair, options=[("grpc.use_local_subchannel_pool", 1)]) as caller:
                while True:
                    answer = caller.call(RANK, REQUEST)
                    self.codes.append((answer.code, answer.details))
                    if not stands or self._over.is_set():
                        break

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join(harness.GUARD_S)
            assert not thread.is_alive(), "a call neither ended nor failed"


class Rotation(Both):
    """Certificates of both sides exchanged under load."""

    def mismatched(self, place, authority):
        """Half a pair is written: the certificate of one with the key of another."""
        since = len(self.sidecar.lines)
        place.put_texts(authority.issue("one").cert, authority.issue("two").key, authority.pem)
        self.assertTrue(self.sidecar.said("certificate", "refused; what was in force stays", since))

    def test_under_load_no_call_is_lost(self):
        sidecar = self.start_secure()
        until(lambda: sidecar.admin("/readyz")[0] == 200, "the recommender is not reached")
        callers = Callers(self, 4)
        before = self.shown_serial()
        for turn in range(ROTATIONS):
            pair = self.authority.issue("sidecar")
            self.exchanged(pair)
            self.assertEqual(self.shown_serial(), pair.serial, f"turn {turn}")
            self.exchanged(self.theirs.issue("sidecar", uses=(CLIENT,)), self.theirs, self.up)
            if turn == ROTATIONS // 2:
                self.mismatched(self.place, self.authority)
                self.mismatched(self.up, self.theirs)
                self.assertEqual(self.shown_serial(), pair.serial, "the pair in force stays")
        self.assertNotEqual(self.shown_serial(), before)
        callers.stop()
        print(f"{ROTATIONS} rotations of each side, {len(callers.codes)} calls", flush=True)
        self.assertGreater(len(callers.codes), ROTATIONS)
        self.assertEqual({code for code, _ in callers.codes}, {Code.OK},
                         [one for one in callers.codes if one[0] != Code.OK][:5])
        for side in ("tls", "upstream_tls"):
            self.assertEqual(sidecar.metric("rankguard_certificate_exchanges_total", side=side), ROTATIONS + 1)
            self.assertEqual(sidecar.metric("rankguard_certificate_reload_failed", side=side), 0)
        self.assertEqual(sidecar.failures("reload", "kept"), 2)
        sidecar.stop()
        check(sidecar.directory)
        failures = [entry for entry in Log(sidecar.directory).of("failure") if entry["class"] == "reload"]
        self.assertEqual([entry["effect"] for entry in failures], ["kept", "kept"])
        for entry, name in zip(failures, ("tls.key", "upstream_tls.key")):
            self.assertIn(f"{name} ", entry["reason"])
            self.assertIn("is not the key of the certificate; write both of the same pair", entry["reason"])

    def test_an_authority_follows_another(self):
        """Old and new together, then the new one alone: at each step the callers who should get in do."""
        self.start_secure()
        old, new = self.authority, Authority("new")
        mine, theirs = old.issue("app"), new.issue("app")
        self.assertEqual((self.code(mine), self.code(theirs)), (Code.OK, Code.UNAVAILABLE))
        self.exchanged(old.issue("sidecar"), old.pem + new.pem)
        self.assertEqual((self.code(mine), self.code(theirs)), (Code.OK, Code.OK))
        self.exchanged(old.issue("sidecar"), new.pem)
        self.assertEqual((self.code(mine), self.code(theirs)), (Code.UNAVAILABLE, Code.OK))

    def test_rules_and_certificates_do_not_wait_for_each_other(self):
        sidecar = self.start_secure()
        self.mismatched(self.place, self.authority)
        sidecar.write_rules(rules_text(rules_kit.bound(), rules_kit.cap(2)))
        self.assertTrue(sidecar.said("reload", "in force"))
        since = len(sidecar.lines)
        sidecar.write_rules("no rules")
        self.assertTrue(sidecar.said("reload", "stays in force", since))
        pair = self.authority.issue("sidecar")
        self.exchanged(pair)
        self.assertEqual(self.shown_serial(), pair.serial)
        self.assertEqual(sidecar.metric("rankguard_ruleset_reload_failed"), 1)
        self.assertEqual(sidecar.metric("rankguard_certificate_reload_failed", side="tls"), 0)

    def test_the_verb_tells_of_both(self):
        control = f"unix:{self.home.path('control.sock')}"
        sidecar = self.start_secure(options={"admin": {"http": "127.0.0.1:0", "control": control}})
        self.mismatched(self.place, self.authority)
        result = harness.run("rankguard", "reload", "--config", sidecar.config)
        self.assertEqual(result.returncode, 1)
        self.assertIn("tls: refused; what was in force stays\n", result.stdout)
        self.assertIn(" in force as before, nothing has changed\n", result.stdout)


if __name__ == "__main__":
    harness.main()
