# SPDX-License-Identifier: Apache-2.0
"""`rankguard map`: a section to begin with, and the facts that a mapping finds in messages."""
import json

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

import harness

FILE = """
name: "store.proto" package: "store" syntax: "proto3"
enum_type { name: "Act" value { name: "ACT_NONE" number: 0 } value { name: "THUMBS_DOWN" number: 4 }
            value { name: "CLOSED_DISMISSED" number: 5 } value { name: "BUY" number: 6 } }
message_type { name: "Ask" field { name: "userId" number: 1 type: TYPE_UINT64 label: LABEL_OPTIONAL }
               field { name: "visit" number: 2 type: TYPE_MESSAGE type_name: ".store.Visit" label: LABEL_OPTIONAL } }
message_type { name: "Visit" field { name: "session_id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "Found" field { name: "results" number: 1 type: TYPE_MESSAGE type_name: ".store.Hit"
                                     label: LABEL_REPEATED }
               field { name: "dialogs" number: 2 type: TYPE_MESSAGE type_name: ".store.Turn" label: LABEL_REPEATED } }
message_type { name: "Hit" field { name: "sku" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
               field { name: "distance" number: 2 type: TYPE_FLOAT label: LABEL_OPTIONAL }
               field { name: "labels" number: 3 type: TYPE_STRING label: LABEL_REPEATED } }
message_type { name: "Turn" field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
               field { name: "options" number: 2 type: TYPE_MESSAGE type_name: ".store.Option" label: LABEL_REPEATED } }
message_type { name: "Option" field { name: "label" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
message_type { name: "Said" field { name: "session_id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
               field { name: "action" number: 2 type: TYPE_ENUM type_name: ".store.Act" label: LABEL_OPTIONAL } }
message_type { name: "Nothing" }
service { name: "Store" method { name: "Find" input_type: ".store.Ask" output_type: ".store.Found" }
          method { name: "Say" input_type: ".store.Said" output_type: ".store.Nothing" }
          method { name: "Ping" input_type: ".store.Nothing" output_type: ".store.Nothing" } }
"""
PROPOSED = """// Guessed from names and types: correct it, and look at real messages with
// rankguard map test.
schema: {
  descriptors = "store.pb"; // relative to this file
  methods = (
    { method = "/store.Store/Find";
      request: { user = "userId"; session = "visit.session_id"; };
      response: {
        items = "results"; item: { id = "sku"; score = "distance"; tags = "labels"; };
        prompts = "dialogs"; prompt: { text = "text"; choices = "options"; };
        choice: { label = "label"; };
      };
      order = "score_asc"; },
    { method = "/store.Store/Say";
      signal: { session = "session_id"; kind = "action"; kinds = ( { from = "THUMBS_DOWN"; to = "dissatisfied"; }, \
{ from = "CLOSED_DISMISSED"; to = "prompt_dismissed"; } ); }; }
  );
};
"""
TABLE = """request
  user           "7"
  session        -

response

items: 2
  #    id         score  tags
  0    "größe"    0.25   ["a","b"]
  1    "\\u001b["  0.5    []

prompts: 1
  #    text
  0    "More?"

choices of prompt 0: 1
  #    label
  0    "No"
"""


def classes():
    pool = descriptor_pool.DescriptorPool()
    file = text_format.Parse(FILE, descriptor_pb2.FileDescriptorProto())
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return file, {name: factory.GetPrototype(pool.FindMessageTypeByName("store." + name))
                  for name in ("Ask", "Found", "Said")}


class Map(harness.Case):
    def setUp(self):
        super().setUp()
        file, self.message = classes()
        self.write("store.pb", descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
        self.config = self.write("store.cfg", PROPOSED.encode())
        self.ask = self.write("ask.bin", self.message["Ask"](userId=7).SerializeToString())
        found = self.message["Found"](
            results=[{"sku": "größe", "distance": 0.25, "labels": ["a", "b"]}, {"sku": "\x1b[", "distance": 0.5}],
            dialogs=[{"text": "More?", "options": [{"label": "No"}]}])
        self.found = self.write("found.bin", found.SerializeToString())

    def write(self, name, data):
        with open(self.home.path(name), "wb") as file:
            file.write(data)
        return self.home.path(name)

    def map(self, *arguments, code=0):
        result = harness.run("rankguard", "map", *arguments, cwd=self.home.folder)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stdout if code == 0 else result.stderr

    def test_what_is_suggested(self):
        self.assertEqual(self.map("suggest", "--descriptors", "store.pb"), PROPOSED)
        one = self.map("suggest", "--descriptors", "store.pb", "--method", "/store.Store/Say")
        self.assertNotIn("Find", one)

    def test_the_facts_as_tables(self):
        out = self.map("test", "--config", self.config, "--method", "/store.Store/Find", "--request", self.ask,
                       "--response", self.found)
        self.assertEqual(out, TABLE)

    def test_the_facts_as_json(self):
        out = self.map("test", "--config", self.config, "--method", "/store.Store/Find", "--request", self.ask,
                       "--response", self.found, "--json")
        self.assertEqual(json.loads(out), {
            "method": "/store.Store/Find", "request": {"user": "7", "session": None},
            "response": {"items": [{"id": "größe", "score": 0.25, "tags": ["a", "b"]},
                                   {"id": "\x1b[", "score": 0.5, "tags": []}],
                         "prompts": [{"text": "More?", "choices": [{"label": "No"}]}]}})

    def test_a_signal(self):
        for number, kind in ((4, "dissatisfied"), (5, "prompt_dismissed"), (6, "other"), (0, None)):
            said = self.write("said.bin", self.message["Said"](session_id="s", action=number).SerializeToString())
            out = self.map("test", "--config", self.config, "--method", "/store.Store/Say", "--request", said, "--json")
            self.assertEqual(json.loads(out)["signal"], {"session": "s", "kind": kind})

    def test_what_is_refused(self):
        broken = self.write("broken.bin", b"\x0a\x05ab")
        wrong = self.write("wrong.cfg", PROPOSED.replace('"sku"', '"skuu"').encode())
        find = ("--method", "/store.Store/Find")
        for code, words, message in (
                (2, (), "rankguard: map: one of test and suggest is taken; see rankguard map --help\n"),
                (2, ("tset",), "rankguard: map: there is no verb tset; see rankguard map --help\n"),
                (2, ("suggest",), "rankguard: map suggest: --descriptors is needed; see rankguard map --help\n"),
                (2, ("test", "--config", self.config), "rankguard: map test: --config, --method and --request or "
                 "--response are needed; see rankguard map --help\n"),
                (1, ("suggest", "--descriptors", "x.pb"), "rankguard: map suggest: x.pb: cannot be opened: No such file "
                 "or directory; give the path of a readable file\n"),
                (1, ("suggest", "--descriptors", "store.pb", "--method", "/store.Store/Ping"),
                 "rankguard: map suggest: /store.Store/Ping looks neither like a ranking nor like a signal; write its "
                 "mapping by hand\n"),
                (1, ("test", "--config", self.config, "--method", "/x/Y", "--request", self.ask),
                 "rankguard: map test: method /x/Y is not mapped; the mapped ones are:\n  /store.Store/Find\n"
                 "  /store.Store/Say\n"),
                (1, ("test", "--config", wrong, *find, "--request", self.ask),
                 f"{wrong}:9: /store.Store/Find: item.id: path \"skuu\": message store.Hit has no field \"skuu\"; did "
                 "you mean \"sku\"?\n"),
                (1, ("test", "--config", self.config, *find, "--response", broken),
                 "rankguard: map test: response: byte 1: a length passes the end of its message\n"),
                (1, ("test", "--config", self.config, "--method", "/store.Store/Say", "--response", self.found),
                 "rankguard: map test: /store.Store/Say is a signal method; give its --request\n")):
            with self.subTest(words):
                self.assertEqual(self.map(*words, code=code), message)


if __name__ == "__main__":
    harness.main()
