# SPDX-License-Identifier: Apache-2.0
"""The examples of proto/MAPPING.md, each with messages of its own: a mapping that is printed is one that works."""
import json
import os
import re

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

import harness
import map_test
import schema_test

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "MAPPING.md")
RERANK = """
name: "rerank.proto" package: "rerank" syntax: "proto3"
message_type { name: "Record" field { name: "id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
               field { name: "score" number: 3 type: TYPE_FLOAT label: LABEL_OPTIONAL } }
message_type { name: "List" field { name: "records" number: 2 type: TYPE_MESSAGE type_name: ".rerank.Record"
                                    label: LABEL_REPEATED } }
service { name: "Rerank" method { name: "Rank" input_type: ".rerank.List" output_type: ".rerank.List" } }
"""
FILES = {
    "shop.pb": schema_test.shop_file(),
    "store.pb": text_format.Parse(map_test.FILE, descriptor_pb2.FileDescriptorProto()),
    "rerank.pb": text_format.Parse(RERANK, descriptor_pb2.FileDescriptorProto()),
}


def examples():
    """{descriptors: section} of the guide."""
    with open(GUIDE, encoding="utf-8") as file:
        blocks = re.findall(r"```\n(.*?)```", file.read(), re.S)
    return {re.search(r'descriptors = "(.*?)"', block)[1]: block for block in blocks}


class Mapping(harness.Case):
    def setUp(self):
        super().setUp()
        self.examples = examples()
        for name, file in FILES.items():
            self.write(name, descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())

    def write(self, name, data):
        with open(self.home.path(name), "wb") as file:
            file.write(data)
        return self.home.path(name)

    def message(self, descriptors, kind, fields):
        pool = descriptor_pool.DescriptorPool()
        pool.Add(FILES[descriptors])
        kind = message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(kind))
        return self.write(f"{kind.DESCRIPTOR.name}-{len(os.listdir(self.home.folder))}.bin",
                          kind(**fields).SerializeToString())

    def facts(self, descriptors, method, *arguments):
        config = self.write("a.cfg", self.examples[descriptors].encode())
        result = harness.run("rankguard", "map", "test", "--json", "--config", config, "--method", method, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def test_all_examples_are_tested(self):
        self.assertEqual(set(self.examples), set(FILES))

    def test_rows(self):
        ask = self.message("shop.pb", "shop.Ask", {"place": "home"})
        answer = self.message("shop.pb", "shop.Answer", {
            "page": {"hits": [{"sku": "a", "rank": {"points": 0.75}, "usual": 0.5}]},
            "dialog": {"turns": [{"words": "More?"}]}})
        for headers, session in ((["--header", "x-visit=v"], "v"), ([], "nobody")):
            got = self.facts("shop.pb", schema_test.RECOMMEND, "--request", ask, "--response", answer, *headers)
            self.assertEqual(got["request"], {"session": session, "surface": "home"})
            self.assertEqual(got["response"], {"items": [{"id": "a", "score": 0.75, "baseline": 0.5}],
                                               "prompts": [{"text": "More?"}]})

    def test_signals(self):
        said = self.message("store.pb", "store.Said", {"session_id": "s", "action": 4})
        got = self.facts("store.pb", "/store.Store/Say", "--request", said)
        self.assertEqual(got["signal"], {"session": "s", "kind": "dissatisfied"})

    def test_candidates(self):
        ask = self.message("rerank.pb", "rerank.List", {"records": [{"id": "a", "score": 0.5}, {"id": "b", "score": 1}]})
        answer = self.message("rerank.pb", "rerank.List", {"records": [{"id": "b", "score": 2}, {"id": "c", "score": 3}]})
        got = self.facts("rerank.pb", "/rerank.Rerank/Rank", "--request", ask, "--response", answer)
        self.assertEqual(got["response"]["items"], [{"id": "b", "score": 2, "baseline": 1},
                                                    {"id": "c", "score": 3, "baseline": None}])


if __name__ == "__main__":
    harness.main()
