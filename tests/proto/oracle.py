# SPDX-License-Identifier: Apache-2.0
"""Python's protobuf judges view and patch on random messages:

    the facts are what Python's parser sees,
    no edit -> identical bytes, in one piece,
    parse(patch(x)) == edit(parse(x)), unknown fields included,
    the facts of the patched bytes are those of the edited message.

    oracle.py PATCH_LINES canonical|trap|shape SET TYPES MAPPING COUNT SEED

RANKGUARD_ORACLE_MESSAGES and RANKGUARD_ORACLE_SEED take the place of COUNT and SEED: a long run is the same test.

TYPES are the full names of request, response (and signal). The harness first proves that it can fail: each
kind of wrong expectation must be found."""
import json
import os
import random
import struct
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

from paths import INDEX, Entry, Path, is_map, key_order, text_of
from wire_random import DOUBLES, FLOATS, TEXTS, Writer

FLAGS = ('opted_out',)
INTEGERS = ('offset',)
NUMBERS = ('candidate.score', 'item.score', 'item.baseline', 'weight.weight', 'weight.baseline', 'confidence')
REQUEST = ('user', 'session', 'surface', 'locale', 'time_zone', 'segment', 'experiment', 'opted_out', 'offset',
           'attributes', 'candidates')
LISTS = {'attributes': 'attribute', 'candidates': 'candidate', 'items': 'item', 'weights': 'weight',
         'prompts': 'prompt', 'prompt.choices': 'choice'}
KINDS = {'prompt.kind': 6, 'choice.kind': 6, 'signal.kind': 10}  # the number that stands for all others

NAMES = {'prompt.kind': ['', 'acknowledgement', 'clarifying_question', 'preference_update', 'category_switch', 'pause'],
         'choice.kind': ['', 'accept', 'decline', 'more_of', 'less_of', 'pause_category']}


def bits(value):
    return struct.unpack('<Q', struct.pack('<d', value))[0]


def hexed(text):
    return None if text is None else text.hex()


def word(text):
    return '-' if text is None else text.encode().hex() or '+'


def unknown(fields):
    return tuple((field.field_number, field.wire_type,
                  unknown(field.data) if field.wire_type == 3 else field.data) for field in fields)


def normal(value):
    """Equal for equal messages, unknown fields included; numbers by their bits."""
    if isinstance(value, float):
        return struct.pack('<d', value)
    if not hasattr(value, 'ListFields'):
        return value
    found = []
    for field, inner in value.ListFields():
        if is_map(field):
            found.append((field.number, {key: normal(inner[key]) for key in inner}))
        elif field.label == F.LABEL_REPEATED:
            found.append((field.number, [normal(one) for one in inner]))
        else:
            found.append((field.number, normal(inner)))
    return found, unknown(value.UnknownFields())


class Mapping:
    """Facts and edits on parsed messages, from the same path texts, by Python's own reflection."""

    def __init__(self, path):
        with open(path) as file:
            lines = [line.split() for line in file]
        self.path = {line[0]: line[1] for line in lines}
        self.kinds = {line[0]: [pair.split('=') for pair in line[2].split(',')] for line in lines if len(line) > 2}

    def compile(self, kinds):
        """Paths need to know the messages they begin at."""
        self.at = {}
        self.group = {'response': kinds['response'].DESCRIPTOR, 'request': kinds['request'].DESCRIPTOR}
        if 'signal' in kinds:
            self.group['signal'] = kinds['signal'].DESCRIPTOR
        for key, text in self.path.items():
            record = 'choice' if key.startswith('choice.') else key.split('.')[0] if '.' in key else None
            if key == 'prompt.choices':
                record = 'prompt'
            root = self.group[record] if record else self.group['request' if key in REQUEST else 'response']
            want = None if key in LISTS else 'number_value' if key in NUMBERS + INTEGERS else \
                'bool_value' if key in FLAGS else 'string_value'
            self.at[key] = Path(text, root, want)
            if key in LISTS:
                self.group[LISTS[key]] = self.at[key].message

    def words(self):
        """The keys of maps that paths name: texts to meet often."""
        return [at for path in self.at.values() for _, _, at in path.steps if isinstance(at, str)]

    def lists(self, message, key):
        """The lists of a key's elements, one behind the other."""
        if key not in self.path:
            return []
        field = self.at[key].steps[-1][0]
        if is_map(field):
            return [[Entry(container, name, field) for name in self.order if name in container]
                    for container in self.at[key].lists(message)]
        return self.at[key].lists(message)

    def elements(self, message, key):
        return [element for one in self.lists(message, key) for element in one]

    def get(self, message, key):
        place = self.at[key].place(message) if key in self.path else None
        if place is None or not place.present():
            return None
        return place.get(), place

    def text(self, message, key):
        got = self.get(message, key)
        if got is None:
            return None
        value, place = got
        zero_is_absent = place.field.type in (F.TYPE_ENUM, F.TYPE_STRING, F.TYPE_BYTES) and \
            not place.has_presence and place.pick != INDEX
        return None if zero_is_absent and not value else text_of(value, place.field)

    def texts(self, message, key):
        """Of a list's elements, or one of each message in a list."""
        if key not in self.path:
            return []
        path, found = self.at[key], []
        field = path.leaf()
        for owner in path.owners(message):
            if path.ends_in_list:
                found += [text_of(value, field) for value in getattr(owner, field.name)]
            elif (owner.HasField(field.name) if field.has_presence else getattr(owner, field.name)):
                found.append(text_of(getattr(owner, field.name), field))
        return found

    def number(self, message, key):
        got = self.get(message, key)
        return None if got is None else bits(got[0])

    def means(self, pair, value, field):
        """Is the value what a line of a translation says, by name or by number?"""
        if field.type == F.TYPE_STRING:
            return value == pair[0]
        named = field.enum_type and field.enum_type.values_by_name.get(pair[0])
        return value == (named.number if named else int(pair[0]))

    def kind(self, message, key):
        got = self.get(message, key)
        value = got[0] if got else 0
        if key in self.kinds:
            to = [pair[1] for pair in self.kinds[key] if got and self.means(pair, got[0], got[1].field)]
            return NAMES[key].index(to[0]) if to else KINDS[key] if value else 0
        return value if 0 <= value < KINDS[key] else KINDS[key]

    def plain(self, message, key, default):
        got = self.get(message, key)
        return got[0] if got else default

    # --- facts

    def request(self, m):
        facts = {key: hexed(self.text(m, key)) for key in
                 ('user', 'session', 'surface', 'locale', 'time_zone', 'segment', 'experiment')}
        owners = self.at['attributes'].owners(m) if 'attributes' in self.path else []
        labels = getattr(owners[0], self.at['attributes'].steps[-1][0].name) if owners else {}
        pairs = sorted((name.encode(), labels[name].encode()) for name in labels)
        facts['attributes'] = [[name.hex(), value.hex()] for name, value in pairs]
        facts['opted_out'] = self.plain(m, 'opted_out', False)
        facts['offset'] = self.plain(m, 'offset', 0)
        return facts

    def signal(self, m):
        facts = {key: hexed(self.text(m, 'signal.' + key)) for key in
                 ('user', 'session', 'item', 'category', 'prompt')}
        facts['kind'] = self.kind(m, 'signal.kind')
        return facts

    def item(self, m):
        return {'id': hexed(self.text(m, 'item.id')), 'category': hexed(self.text(m, 'item.category')),
                'source': hexed(self.text(m, 'item.source')), 'score': self.number(m, 'item.score'),
                'baseline': self.number(m, 'item.baseline'),
                'tags': [hexed(tag) for tag in self.texts(m, 'item.tags')]}

    def weight(self, m):
        return {'category': hexed(self.text(m, 'weight.category')), 'weight': self.number(m, 'weight.weight'),
                'baseline': self.number(m, 'weight.baseline')}

    def choice(self, m):
        return {'id': hexed(self.text(m, 'choice.id')), 'label': hexed(self.text(m, 'choice.label')),
                'kind': self.kind(m, 'choice.kind')}

    def prompt(self, m):
        facts = {key: hexed(self.text(m, 'prompt.' + key)) for key in ('id', 'template_id', 'text', 'locale')}
        facts['kind'] = self.kind(m, 'prompt.kind')
        facts['choices'] = [self.choice(choice) for choice in self.elements(m, 'prompt.choices')]
        return facts

    def firsts(self, m):
        """The first item of the list that each item stands in."""
        firsts = []
        for one in self.lists(m, 'items'):
            firsts += [len(firsts)] * len(one)
        return firsts

    def response(self, m):
        return {'items': [self.item(item) for item in self.elements(m, 'items')],
                'first': self.firsts(m),
                'weights': [self.weight(weight) for weight in self.elements(m, 'weights')],
                'prompts': [self.prompt(prompt) for prompt in self.elements(m, 'prompts')],
                'explanation': hexed(self.text(m, 'explanation')),
                'model_version': hexed(self.text(m, 'model_version')),
                'confidence': self.number(m, 'confidence')}

    # --- edits

    def set(self, message, key, value):
        self.at[key].place(message, make=True).set(value)

    def clear(self, message, key):
        place = self.at[key].place(message)
        if place is not None:
            place.clear()

    def set_text(self, message, key, text):
        if text is None or text == '' and not self.at[key].leaf().has_presence:
            self.clear(message, key)
        else:
            self.set(message, key, text)

    def set_kind(self, message, key, kind):
        if key in self.kinds and self.kind(message, key) == kind:
            return
        if kind == 0:
            self.clear(message, key)
        elif key in self.kinds:
            self.set_translated(message, key, [pair[0] for pair in self.kinds[key] if NAMES[key].index(pair[1]) == kind])
        elif kind != KINDS[key]:
            self.set(message, key, kind)

    def set_translated(self, message, key, values):
        """The first value that means the kind; what no value means stays as it stands."""
        if values:
            field = self.at[key].leaf()
            named = field.enum_type and field.enum_type.values_by_name.get(values[0])
            self.set(message, key, values[0] if field.type == F.TYPE_STRING else
                     named.number if named else int(values[0]))

    def set_choices(self, message, choices):
        """choices: [(id, kind, label)]; a list that says the same already stays as it is."""
        old = [(self.text(c, 'choice.id') or b'', self.kind(c, 'choice.kind'), self.text(c, 'choice.label') or b'')
               for c in self.elements(message, 'prompt.choices')]
        if old == [((id or '').encode(), kind, (label or '').encode()) for id, kind, label in choices]:
            return
        self.clear(message, 'prompt.choices')
        for id, kind, label in choices:
            choice = self.at['prompt.choices'].place(message, make=True).get().add()
            for key, text in (('choice.id', id), ('choice.label', label)):
                if text:
                    self.set(choice, key, text)
            self.set_kind(choice, 'choice.kind', kind)


class Edits:
    """Random edits of one message: as lines for the C side, and carried out by Python."""

    def __init__(self, random, mapping, message):
        self.random, self.mapping, self.message = random, mapping, message
        self.lines = []
        if random.random() < 0.25:
            return
        items = mapping.lists(message, 'items')
        weights = mapping.elements(message, 'weights')
        prompts = mapping.lists(message, 'prompts')
        self.numbers(mapping.elements(message, 'items'), 'item.score', 'score')
        self.numbers(weights, 'weight.weight', 'weight')
        if len(items) and random.random() < 0.5:
            self.order(items)
        if len(prompts) and random.random() < 0.6:
            self.prompts(prompts)
        if random.random() < 0.4:
            self.explain()

    def numbers(self, elements, key, verb):
        if self.random.random() < 0.4:
            return
        for index, element in enumerate(elements):
            if self.random.random() < 0.5:
                narrow = self.mapping.at[key].leaf().type == F.TYPE_FLOAT
                value = self.random.choice(FLOATS if narrow else DOUBLES)
                self.mapping.set(element, key, value)
                self.lines.append('%s %d %d' % (verb, index, bits(value)))

    def order(self, lists):
        """Within each list: no item leaves its own."""
        whole = []
        for items in lists:
            order = list(range(len(items)))
            self.random.shuffle(order)
            copies = [type(item)() for item in items]
            for copy, item in zip(copies, items):
                copy.CopyFrom(item)
            for place, index in enumerate(order):
                items[place].CopyFrom(copies[index])
            whole += [len(whole) + index for index in order]
        if whole:
            self.lines.append('order ' + ' '.join(map(str, whole)))

    def prompts(self, lists):
        index = 0
        for prompts in lists:
            dropped = []
            for place, prompt in enumerate(prompts):
                chance = self.random.random()
                if chance < 0.3:
                    self.lines.append('drop %d' % index)
                    dropped.append(place)
                elif chance < 0.7:
                    self.replace(prompt, index)
                index += 1
            for place in reversed(dropped):
                del prompts[place]

    def text(self):
        return self.random.choice([None, *TEXTS])

    def replace(self, prompt, index):
        text, template, locale, kind = self.text(), self.text(), self.text(), self.random.randint(0, 6)
        self.lines.append('replace %d %s %s %s %d' % (index, word(text), word(template), word(locale), kind))
        choices = [(self.text(), self.random.randint(0, 5), self.text()) for _ in range(self.random.randint(0, 3))]
        if self.random.random() < 0.3:
            said = lambda c, key: (lambda text: None if text is None else text.decode())(self.mapping.text(c, key))
            choices = [(said(c, 'choice.id'), self.mapping.kind(c, 'choice.kind'), said(c, 'choice.label'))
                       for c in self.mapping.elements(prompt, 'prompt.choices')]
        for id, kind_of, label in choices:
            self.lines.append('choice %d %s %d %s' % (index, word(id), kind_of, word(label)))
        self.mapping.set_text(prompt, 'prompt.text', text)
        self.mapping.set_text(prompt, 'prompt.template_id', template)
        self.mapping.set_text(prompt, 'prompt.locale', locale)
        self.mapping.set_kind(prompt, 'prompt.kind', kind)
        self.mapping.set_choices(prompt, choices)

    def explain(self):
        text = self.text()
        self.lines.append('explain ' + word(text))
        self.mapping.set_text(self.message, 'explanation', text or None)


class Case:
    """One message: what goes to the C side, and what must come back."""

    def __init__(self, random, mapping, verb, kind):
        self.verb, self.kind, self.mapping = verb, kind, mapping
        self.wire = Writer(random, mapping.words()).message(kind.DESCRIPTOR)
        message = kind.FromString(self.wire)
        if verb == 'response' and is_map(mapping.at['weights'].steps[-1][0]):
            mapping.order = key_order(self.wire, mapping.at['weights'].steps[-1][0].number)
        self.facts = getattr(mapping, verb)(message)
        self.lines = ['%s %s' % (verb, self.wire.hex() or '+')]
        if verb == 'response':
            edits = Edits(random, mapping, message)
            self.edited = bool(edits.lines)
            self.lines += edits.lines + ['go']
            self.edited_message, self.message = message, normal(message)
            self.again = mapping.response(message)

    def problem(self, answer):
        """None, or what is wrong with an answer."""
        if answer['result'] != 0:
            return 'refused: ' + answer['error']
        if answer['facts'] != self.facts:
            return 'facts: %s, expected %s' % (answer['facts'], self.facts)
        if self.verb != 'response':
            return None
        patched = bytes.fromhex(answer['patched'])
        if not self.edited and (patched != self.wire or answer['pieces'] > 1):
            return 'not edited, but the bytes differ'
        if normal(self.kind.FromString(patched)) != self.message:
            return 'patched: %s, expected %s' % (self.kind.FromString(patched), self.edited_message)
        if answer['again'] != self.again:
            return 'facts after: %s, expected %s' % (answer['again'], self.again)
        return None


def ask(program, cases):
    text = '\n'.join(line for case in cases for line in case.lines) + '\n'
    done = subprocess.run(program, input=text.encode(), stdout=subprocess.PIPE)
    answers = done.stdout.decode().splitlines()
    if done.returncode or len(answers) != len(cases):
        sys.exit('died at:\n%s' % '\n'.join(cases[len(answers)].lines))
    return [json.loads(answer) for answer in answers]


def prove_that_it_can_fail(case, answer):
    """Every expectation that is made wrong on purpose must be found out."""
    assert case.problem(answer) is None, case.problem(answer)
    wrong = {'facts': dict(case.facts, explanation='00ff'), 'again': dict(case.again, confidence=1),
             'message': (case.message[0], ((90, 0, 1),) + case.message[1]), 'wire': case.wire + b'\x0a\x00'}
    for name, value in wrong.items():
        right, edited = getattr(case, name), case.edited
        setattr(case, name, value)
        case.edited = edited and name != 'wire'
        assert case.problem(answer), 'a wrong %s was not found' % name
        setattr(case, name, right)
        case.edited = edited


def kinds_of(descriptor_set, names):
    pool = descriptor_pool.DescriptorPool()
    with open(descriptor_set, 'rb') as file:
        for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            pool.Add(proto)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName(name)) for name in names]


def main():
    lines, which, descriptor_set, names, mapping_file, count, seed = sys.argv[1:]
    count = os.environ.get('RANKGUARD_ORACLE_MESSAGES', count)
    seed = os.environ.get('RANKGUARD_ORACLE_SEED', seed)
    source, mapping = random.Random(int(seed)), Mapping(mapping_file)
    kinds = dict(zip(('request', 'response', 'signal'), kinds_of(descriptor_set, names.split(','))))
    mapping.compile(kinds)
    program = [lines, which]
    print('seed', seed)
    done = 0
    while done < int(count):
        cases = []
        for _ in range(min(500, int(count) - done)):
            verb = 'response' if not cases or source.random() < 0.85 else source.choice(list(kinds))
            cases.append(Case(source, mapping, verb, kinds[verb]))
        answers = ask(program, cases)
        if done == 0:
            prove_that_it_can_fail(cases[0], answers[0])
        for case, answer in zip(cases, answers):
            problem = case.problem(answer)
            if problem:
                sys.exit('message %d: %s\n%s' % (done, problem, '\n'.join(case.lines)))
            done += 1
    print(done, 'messages')


if __name__ == '__main__':
    main()
