# SPDX-License-Identifier: Apache-2.0
"""A recommender with an API of its own: descriptors and a mapping in the configuration, and no code."""
import os
import signal

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import harness
import rules_kit
from auditlog import Log
from client import Client, value
from recommender import Recommender, reply
from sidecar import CLEAR, Refused, Sidecar, rules_text

RECOMMEND = "/shop.Reco/Recommend"

KINDS = descriptor_pb2.FieldDescriptorProto
MESSAGES = {
    "Ask": [("place", 3, "string"), ("who", 9, "Who")],
    "Who": [("visit", 2, "string")],
    "Answer": [("page", 4, "Page"), ("dialog", 7, "Dialog"), ("note", 15, "string")],
    "Page": [("hits", 1, ["Hit"])],
    "Hit": [("sku", 5, "string"), ("rank", 2, "Rank"), ("usual", 8, "float")],
    "Rank": [("points", 3, "float")],
    "Dialog": [("turns", 2, ["Turn"])],
    "Turn": [("words", 6, "string")],
}
SCALARS = {"string": KINDS.TYPE_STRING, "float": KINDS.TYPE_FLOAT}

MAPPING = """schema: { descriptors = "shop.pb"; methods = (
  { method = "/shop.Reco/Recommend";
    request: { session = "who.visit"; surface = "place"; };
    response: {
      items = "page.hits"; item: { id = "sku"; score = "rank.points"; baseline = "usual"; };
      prompts = "dialog.turns"; prompt: { text = "words"; }; };
    order = "score_desc"; } ); };
"""


def shop_file():
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, number, kind in fields:
            field = message.field.add(name=field_name, number=number, label=KINDS.LABEL_OPTIONAL)
            if isinstance(kind, list):
                field.label, kind = KINDS.LABEL_REPEATED, kind[0]
            field.type = SCALARS.get(kind, KINDS.TYPE_MESSAGE)
            if kind not in SCALARS:
                field.type_name = ".shop." + kind
    file.service.add(name="Reco").method.add(name="Recommend", input_type=".shop.Ask", output_type=".shop.Answer")
    return file


def shop_classes():
    pool = descriptor_pool.DescriptorPool()
    pool.Add(shop_file())
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName("shop." + name)) for name in MESSAGES}


RULES = rules_text(rules_kit.cap(1), rules_kit.bound(more='action = "clamp"; on_unknown = "flag";'))


class Schema(harness.Case):
    def setUp(self):
        super().setUp()
        self.shop = shop_classes()
        self.recommender = Recommender(f"unix:{self.home.path('reco.sock')}")
        self.addCleanup(self.recommender.stop)
        self.sidecar = Sidecar(self.home.folder, self.recommender.address, RULES)
        self.addCleanup(self.sidecar.stop)
        with open(os.path.join(self.sidecar.folder, "shop.pb"), "wb") as file:
            file.write(descriptor_pb2.FileDescriptorSet(file=[shop_file()]).SerializeToString())
        self.configure(MAPPING)

    def configure(self, mapping, rules=RULES):
        self.sidecar.write_rules(rules)
        self.sidecar.write_config()
        with open(self.sidecar.config, "a", encoding="utf-8") as file:
            file.write(mapping)

    def answer(self, points, words):
        return self.shop["Answer"](
            page={"hits": [{"sku": "a", "rank": {"points": points}, "usual": 0.5},
                           {"sku": "b", "rank": {"points": 0.25}, "usual": 0.25}]},
            dialog={"turns": [{"words": text} for text in words]}, note="kept").SerializeToString()

    def test_its_responses_are_governed(self):
        self.sidecar.start()
        ask = self.shop["Ask"](place="home", who={"visit": CLEAR + "s1"}).SerializeToString()
        self.recommender.on(RECOMMEND, reply(self.answer(0.9375, ["One?", "Two?"])))
        with Client(self.sidecar.address) as client:
            answer = client.call(RECOMMEND, ask)
            got = self.shop["Answer"].FromString(answer.messages[0])
            self.assertAlmostEqual(got.page.hits[0].rank.points, 0.7, places=6)
            self.assertEqual([turn.words for turn in got.dialog.turns], ["One?"])
            self.assertEqual((got.page.hits[1].rank.points, got.note), (0.25, "kept"))
            self.assertEqual(value(answer.trailing, "rankguard-actions"), "clamp=1, suppress=1")
            within = self.answer(0.5, [])
            self.recommender.on(RECOMMEND, reply(within))
            self.assertEqual(client.call(RECOMMEND, ask).messages, [within])
        self.sidecar.stop()
        (opened,) = Log(self.sidecar.directory).of("open")
        self.assertIn(RECOMMEND, str(opened))

    def test_the_session_comes_from_metadata(self):
        """One prompt for each session, whichever source names it. (Stopping looks for ids in the log.)"""
        self.configure(MAPPING.replace('"who.visit"', '[ "who.visit", "header:x-visit", "const:nobody" ]'),
                       rules_text(rules_kit.cap(1, per="session")))
        self.sidecar.start()
        self.recommender.on(RECOMMEND, reply(self.answer(0.5, ["One?"])))
        stated = self.shop["Ask"](who={"visit": CLEAR + "s3"}).SerializeToString()
        with Client(self.sidecar.address) as client:
            for ask, metadata, leaves in ((b"", [("x-visit", CLEAR + "s3")], 1), (stated, [], 0),
                                          (stated, [("x-visit", CLEAR + "s4")], 0),
                                          (b"", [("x-visit", ""), ("x-visit", CLEAR + "s4")], 1),
                                          (b"", [], 1), (b"", [], 0)):
                got = self.shop["Answer"].FromString(client.call(RECOMMEND, ask, metadata=metadata).messages[0])
                self.assertEqual(len(got.dialog.turns), leaves, (ask, metadata))
        self.sidecar.stop()

    def test_a_reload_takes_another_mapping(self):
        """The bound goes with the baseline's path; a mapping that says the same again changes nothing."""
        self.sidecar.start()
        ask = self.shop["Ask"](place="home", who={"visit": CLEAR + "s2"}).SerializeToString()
        self.recommender.on(RECOMMEND, reply(self.answer(0.9375, [])))
        with Client(self.sidecar.address) as client:
            for mapping, points in ((MAPPING, 0.7), (MAPPING.replace('"usual"', '"rank.points"'), 0.9375),
                                    (MAPPING.replace('"usual"', '"usaul"'), 0.9375)):
                self.configure(mapping)
                since = len(self.sidecar.lines)
                os.kill(self.sidecar.pid, signal.SIGHUP)
                self.assertTrue(self.sidecar.said("reload", "", since))
                self.assertTrue(self.sidecar.said("reload", "in force", since))
                got = self.shop["Answer"].FromString(client.call(RECOMMEND, ask).messages[0])
                self.assertAlmostEqual(got.page.hits[0].rank.points, points, places=6)
        self.assertEqual(len(self.sidecar.errors()), 2)
        self.sidecar.stop()
        self.assertEqual(len(Log(self.sidecar.directory).of("ruleset")), 2)

    def check(self):
        result = harness.run("rankguard", "check", "--config", self.sidecar.config)
        return result.returncode, result.stdout

    def test_a_wrong_path_is_told_with_its_line(self):
        self.configure(MAPPING.replace("rank.points", "rank.pionts"))
        code, out = self.check()
        self.assertEqual(code, 1)
        self.assertIn(f"{self.sidecar.config}:12: {RECOMMEND}: item.score: path \"rank.pionts\": message shop.Rank has "
                      "no field \"pionts\"; did you mean \"points\"?", out)

    def test_an_action_that_the_mapping_cannot_carry_out_is_refused(self):
        self.configure(MAPPING.replace(' baseline = "usual";', ""), rules_text(rules_kit.bound()))
        code, out = self.check()
        self.assertEqual(code, 1)
        words = (f"{self.sidecar.rules}:3: rule scores.bound: on_unknown \"revert\" cannot be carried out on "
                 f"{RECOMMEND} ({self.sidecar.config}:9), which gives no item.baseline; map it, or choose another action")
        self.assertIn(words, out.splitlines())
        with self.assertRaises(Refused):
            self.sidecar.start()
        self.assertEqual(self.sidecar.errors(), [words])


if __name__ == "__main__":
    harness.main()
