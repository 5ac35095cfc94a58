/* SPDX-License-Identifier: Apache-2.0
 *
 * The traps of the wire, one row each: bytes, the facts they mean, edits, and the bytes they become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edit_words.h"
#include "facts_text.h"
#include "proto/patch.h"
#include "proto/view.h"
#include "trap_mapping.h"
#include "wire_text.h"

enum verb { CANONICAL, TRAP, SHAPE, REQUEST, TRAP_REQUEST, SHAPE_REQUEST, SIGNAL };

/* Bytes are written as wire_text.h says, edits as edit_words.h says, separated by "; ". A row whose message
 * is refused has the error as its facts. */
struct row {
	const char *name;
	enum verb verb;
	const char *message, *facts;
	const char *edits, *patched; /* NULL: nothing is edited, the bytes must stay */
};

#define X100                                                                                                 \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xx"
#define OPEN_100                                                                                             \
	"xa306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a" \
	"306 "                                                                                               \
	"xa306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a" \
	"306 "                                                                                               \
	"xa306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a" \
	"306 "                                                                                               \
	"xa306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a306a" \
	"306 "
#define CLOSE_100                                                                                            \
	"xa406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a" \
	"406 "                                                                                               \
	"xa406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a" \
	"406 "                                                                                               \
	"xa406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a" \
	"406 "                                                                                               \
	"xa406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a406a" \
	"406 "

static const struct row rows[] = {
	{"an empty message has no facts", CANONICAL, "", "", NULL, NULL},

	/* values */
	{"the last value of a single field wins, and is the one that is edited", CANONICAL,
	 "1{ 1'a' 2d1 1'b' 2d2 }", "item id=b score=2", "score 0 3.0", "1{ 1'a' 2d1 1'b' 2d3 }"},
	{"a text at its default is absent, written out or not", CANONICAL, "1{ 1'' } 1{ } 5''", "item; item",
	 NULL, NULL},
	{"an empty text takes back an earlier one", CANONICAL, "1{ 1'a' 1'' }", "item", NULL, NULL},
	{"a number with presence is absent or zero", CANONICAL, "1{ 1'a' } 1{ 1'b' 2d0 }",
	 "item id=a; item id=b score=0", "score 0 0.0", "1{ 1'a' 2d0 } 1{ 1'b' 2d0 }"},
	{"a number without presence is zero once its message is there", TRAP, "1{ 2{ 1'a' } 2{ 2d1 } }",
	 "weight cat=a weight=0 base=0; weight weight=1 base=0", "weight 0 0.0; weight 1 0.0",
	 "1{ 2{ 1'a' } 2{ 2d0 } }"},
	{"and absent when its message is not", TRAP, "1{ 1{ } 1{ 2{ } } }", "item; item base=0", NULL, NULL},
	{"the same bits change nothing", CANONICAL, "1{ 2d-0 }", "item score=-0", "score 0 -0.0",
	 "1{ 2d-0 }"},
	{"a zero of the other sign is a change", CANONICAL, "1{ 2d-0 }", "item score=-0", "score 0 0.0",
	 "1{ 2d0 }"},
	{"scores that are no numbers are handed on", CANONICAL, "1{ 2dnan } 1{ 2dinf } 1{ 2d-inf }",
	 "item score=nan; item score=inf; item score=-inf", "score 0 0.5",
	 "1{ 2d0.5 } 1{ 2dinf } 1{ 2d-inf }"},
	{"a 32-bit score is written in 32 bits", TRAP, "1{ 1{ 2{ 1{ 1f0.1 } } } }",
	 "item score=0.100000001 base=0", "score 0 0.3", "1{ 1{ 2{ 1{ 1f0.3 } } } }"},
	{"a number as an id is text, zero too", TRAP, "1{ 1{ 1{ 1=-5 } } 1{ 1{ } } 1{ } }",
	 "item id=-5; item id=0; item", NULL, NULL},
	{"an enum as text is its name, a number that it does not have is text", TRAP,
	 "1{ 1{ 1{ 2=1 } } 1{ 1{ 2=9 } } 1{ 1{ 2=0 } } }",
	 "item id=0 cat=GROUP_BOOKS; item id=0 cat=9; item id=0", NULL, NULL},
	{"a kind is cut to 32 bits; one that is not known is other", CANONICAL,
	 "3{ 3=4294967297 } 3{ 3=6 } 3{ 3=-1 } 3{ 3=5 3=0 }",
	 "prompt kind=acknowledgement; prompt kind=other; prompt kind=other; prompt", NULL, NULL},
	{"a number that a closed enum does not have is an unknown field", TRAP,
	 "2{ 1{ 4{ 1{ 4{ 2=2 2=77 } } } } }", "prompt kind=category_switch choice(kind=decline)", NULL, NULL},
	{"bytes that are no UTF-8 are handed on", CANONICAL, "1{ x0a02 xc328 }", "item id=\xc3\x28", NULL,
	 NULL},
	{"varints may have more bytes than they need", CANONICAL, "3{ x18 x828080808000 }",
	 "prompt kind=clarifying_question", "replace 0 - - - 2", "3{ x18 x828080808000 }"},

	/* unknown fields */
	{"unknown fields stay where they are", CANONICAL, "90=1 1{ 91'u' 2d1 92f1 } 93l1 94( 1=1 2( ) )",
	 "item score=1", "score 0 2.0", "90=1 1{ 91'u' 2d2 92f1 } 93l1 94( 1=1 2( ) )"},
	{"what only looks like a message is not looked into", CANONICAL, "90{ 1{ 2d1 } } 6'm' 1{ 90'\x01' }",
	 "item; model=m", NULL, NULL},
	{"a hundred groups in each other are skipped", CANONICAL, OPEN_100 CLOSE_100 "6'm'", "model=m", NULL,
	 NULL},

	/* lists */
	{"items need not stand together; each place keeps its neighbours", CANONICAL,
	 "1{ 1'a' } 5'why' 1{ 1'bb' } 3{ 1'p' } 1{ 1'ccc' }",
	 "item id=a; item id=bb; item id=ccc; prompt id=p; explain=why", "order 2 0 1",
	 "1{ 1'ccc' } 5'why' 1{ 1'a' } 3{ 1'p' } 1{ 1'bb' }"},
	{"an item takes its edits and its unknown fields along", CANONICAL, "1{ 1'a' 90=1 } 1{ 2d1 1'b' }",
	 "item id=a; item id=b score=1", "order 1 0; score 0 5.0; score 1 6.0",
	 "1{ 2d6 1'b' } 1{ 1'a' 90=1 2d5 }"},
	{"an empty item moves to the end, where something is added", CANONICAL, "1{ } 1{ 1'a' }",
	 "item; item id=a", "order 1 0; explain 'why'", "1{ 1'a' } 1{ } 5'why'"},
	{"the order as it is changes nothing", CANONICAL, "1{ 1'a' } 1{ 1'b' }", "item id=a; item id=b",
	 "order 0 1", "1{ 1'a' } 1{ 1'b' }"},
	{"packed and unpacked runs of one list are one list", TRAP, "1{ 1{ 4=2 4p4,1 4=6 4p } 1{ 4p8 } }",
	 "item tag=1 tag=2 tag=-1 tag=3; item tag=4", NULL, NULL},
	{"a list of texts keeps its empty ones", CANONICAL, "1{ 6'x' 6'' 6'x' } 1{ } 1{ 6'y' }",
	 "item tag=x tag= tag=x; item; item tag=y", NULL, NULL},
	{"items of one list in several pieces of its message", TRAP,
	 "1{ 1{ 3'b1' } 90=1 } 6{ } 1{ } 1{ 1{ 1{ 1=1 } } 1{ 1{ 1=2 } } }",
	 "item; item id=1; item id=2; confidence=0", "order 2 1 0",
	 "1{ 1{ 1{ 1=2 } } 90=1 } 6{ } 1{ } 1{ 1{ 1{ 1=1 } } 1{ 3'b1' } }"},

	/* split messages */
	{"the pieces of a message merge", TRAP, "1{ 1{ 1{ 1=7 3's' } 2{ 1{ 1f1 } } 2{ 2=5 } 1{ 3't' } } }",
	 "item id=7 score=1 base=5 src=t", "score 0 2.0",
	 "1{ 1{ 1{ 1=7 3's' } 2{ 1{ 1f2 } } 2{ 2=5 } 1{ 3't' } } }"},
	{"what is absent is added to the last piece of the innermost message", TRAP,
	 "1{ 1{ 2{ 2=5 } 2{ 1{ } } 2{ 2=6 } 90=1 } }", "item base=6", "score 0 2.0",
	 "1{ 1{ 2{ 2=5 } 2{ 1{ 1f2 } } 2{ 2=6 } 90=1 } }"},
	{"messages that are not there are made", TRAP, "1{ 1{ 90=1 } }", "item", "score 0 2.0",
	 "1{ 1{ 90=1 2{ 1{ 1f2 } } } }"},

	/* oneofs */
	{"a later member of a oneof takes back all that stood in the earlier one", TRAP,
	 "1{ 1{ 2{ 1{ 1f1 } 2=5 } 3'no' } }", "item", "score 0 2.0",
	 "1{ 1{ 2{ 1{ 1f1 } 2=5 } 3'no' 2{ 1{ 1f2 } } } }"},
	{"the earlier member may come again, and begins anew", TRAP, "1{ 1{ 2{ 1{ 1f1 } 2=5 } 3'no' 2{ } } }",
	 "item base=0", "score 0 2.0", "1{ 1{ 2{ 1{ 1f1 } 2=5 } 3'no' 2{ 1{ 1f2 } } } }"},
	{"a score behind its rival replaces it", TRAP, "1{ 1{ 2{ 1{ 1f1 2'u' } } } }", "item base=0",
	 "score 0 2.0", "1{ 1{ 2{ 1{ 1f1 2'u' 1f2 } } } }"},
	{"clearing a member does not bring its dead rival back", TRAP,
	 "2{ 1{ 2{ 2'<b>' } 2{ 1'b' 3'en' } } }", "prompt text=b locale=en kind=category_switch",
	 "replace 0 - - 'en' 0", "2{ 1{ 2{ } 2{ 3'en' } } }"},
	{"a rival takes back a whole list", TRAP, "2{ 1{ 1'p' } 1{ 1'q' } } 3'no' 2{ 1{ 1'r' } } 1{ }",
	 "prompt id=r kind=category_switch", "drop 0", "2{ 1{ 1'p' } 1{ 1'q' } } 3'no' 2{ } 1{ }"},
	{"an empty member of a oneof is present", TRAP, "2{ 1{ 2{ 1'' } } }",
	 "prompt text= kind=category_switch", "replace 0 + - - 0", "2{ 1{ 2{ 1'' } } }"},

	/* lists in lists */
	{"items of lists in lists are one column, with the boundaries of the lists", SHAPE,
	 "1{ 1{ 1{ 1{ 1'a' } 1{ 1'b' } } } 1{ 3'none' } 1{ 1{ 1{ 1'c' } } } }",
	 "item id=a; item id=b; item id=c list=2", "order 1 0 2",
	 "1{ 1{ 1{ 1{ 1'b' } 1{ 1'a' } } } 1{ 3'none' } 1{ 1{ 1{ 1'c' } } } }"},
	{"a message around a list comes in pieces, and the list goes on", SHAPE,
	 "1{ 1{ 1{ 1{ 1'a' } } 3'x' 1{ 1{ 1'b' } } } } 1{ 1{ 1{ 1{ 1'c' } } } }",
	 "item id=a; item id=b; item id=c list=2", "order 1 0 2",
	 "1{ 1{ 1{ 1{ 1'b' } } 3'x' 1{ 1{ 1'a' } } } } 1{ 1{ 1{ 1{ 1'c' } } } }"},
	{"a rival takes back the items of its own list, not those of others", SHAPE,
	 "1{ 1{ 1{ 1{ 1'a' } } } 1{ 1{ 1{ 1'b' } } 2=1 1{ 1{ 1'c' } } } }", "item id=a; item id=c list=1",
	 NULL, NULL},
	{"also when there were lists in its items", SHAPE,
	 "1{ 1{ 1{ 1{ 1'a' } } } 1{ 1{ 1{ 6{ 1't' } } } 2=1 } }", "item id=a", NULL, NULL},
	{"a rival of all takes back all", SHAPE, "1{ 1{ 1{ 1{ 1'a' } } } } 2'no' 1{ 1{ 1{ 1{ 1'b' } } } }",
	 "item id=b", "score 0 2.0",
	 "1{ 1{ 1{ 1{ 1'a' } } } } 2'no' 1{ 1{ 1{ 1{ 1'b' 2{ 1'score' 2{ 2d2 } } } } } }"},

	/* maps */
	{"the value of a key, which may stand before its key", SHAPE,
	 "1{ 1{ 1{ 1{ 2{ 1'x' 2{ 2d9 } } 2{ 2{ 2d1 } 1'score' } } } } }", "item score=1", "score 0 2.0",
	 "1{ 1{ 1{ 1{ 2{ 1'x' 2{ 2d9 } } 2{ 2{ 2d2 } 1'score' } } } } }"},
	{"of a key that comes twice the last one counts, whole", SHAPE,
	 "1{ 1{ 1{ 1{ 2{ 1'score' 2{ 2d1 } } 2{ 1'score' } } } } }", "item", "score 0 2.0",
	 "1{ 1{ 1{ 1{ 2{ 1'score' 2{ 2d1 } } 2{ 1'score' 2{ 2d2 } } } } } }"},
	{"the last key of an entry counts", SHAPE,
	 "1{ 1{ 1{ 1{ 2{ 1'x' 2{ 2d1 } 1'score' } 2{ 1'score' 2{ 2d3 } 1'y' } } } } }", "item score=1",
	 "score 0 2.0", "1{ 1{ 1{ 1{ 2{ 1'x' 2{ 2d2 } 1'score' } 2{ 1'score' 2{ 2d3 } 1'y' } } } } }"},
	{"a key that is not there is made", SHAPE, "1{ 1{ 1{ 1{ 1'a' 2{ 1'x' 2{ 3'y' } } } } } }",
	 "item id=a", "score 0 2.0", "1{ 1{ 1{ 1{ 1'a' 2{ 1'x' 2{ 3'y' } } 2{ 1'score' 2{ 2d2 } } } } } }"},
	{"another kind of value is replaced", SHAPE, "1{ 1{ 1{ 1{ 2{ 1'score' 2{ 2d1 3'y' } } } } } }",
	 "item", "score 0 2.0", "1{ 1{ 1{ 1{ 2{ 1'score' 2{ 2d1 3'y' 2d2 } } } } } }"},
	{"an entry without a key has the empty one, a number zero", SHAPE_REQUEST,
	 "5{ 2'v' } 6{ 1=13 2{ 2'seven' } } 6{ 2{ 2'zero' } }", "request segment=seven {: v}", NULL, NULL},
	{"a map of weights: keys that come twice count once, at their last place", SHAPE,
	 "3{ 1'a' 2d1 } 3{ 1'b' 2d2 } 3{ 1'a' 2d3 } 3{ 1'c' }",
	 "weight cat=b weight=2; weight cat=a weight=3; weight cat=c weight=0", "weight 1 5.0; weight 2 0.5",
	 "3{ 1'a' 2d1 } 3{ 1'b' 2d2 } 3{ 1'a' 2d5 } 3{ 1'c' 2d0.5 }"},
	{"what is made for one key is made once", SHAPE, "4{ 1{ 1=1 } }", "prompt id=1",
	 "replace 0 'x' 'tt' - 0; choice 0 'a' 0 -; choice 0 'b' 0 -",
	 "4{ 1{ 1=1 2{ 1'a' 2{ 1{ 3'x' } 3'tt' } } 4{ 1{ 1'a' } 1{ 1'b' } } } }"},
	{"keys of a map of bool", SHAPE, "7{ 1=1 2{ 1{ 1'old' } 1{ 1'v2' } 1{ 1'v3' } } } 7{ 2{ } }",
	 "model=v2", NULL, NULL},

	/* elements by number */
	{"one element of a list, over all pieces", SHAPE_REQUEST, "4'a' 10p5,6 4'b' 10=7 4'c' 10=8",
	 "request surface=b offset=7", NULL, NULL},
	{"an element that is not there", SHAPE_REQUEST, "4'a' 10p5,6", "request", NULL, NULL},
	{"elements of a replaced value count anew", SHAPE_REQUEST,
	 "6{ 1=13 2{ 2'a' } } 6{ 1=13 2{ 1'n' 2'b' } }", "request segment=b", NULL, NULL},
	{"elements count anew in each item", SHAPE, "1{ 1{ 1{ 1{ 4'x' 4'y' } 1{ 4'z' } } } }",
	 "item cat=x; item cat=z", NULL, NULL},

	/* values */
	{"members of a Struct", SHAPE_REQUEST,
	 "7{ 1{ 1'zone' 2{ 5{ 1{ 1'id' 2{ 3'UTC' } } } } } 1{ 1'arms' 2{ 6{ 1{ 3'b' } 1{ 3'c' } } } } }",
	 "request time_zone=UTC experiment=b", NULL, NULL},
	{"a wrapper that is there says its zero", SHAPE, "5{ } 1{ 1{ 1{ 1{ 3{ } } 1{ } } } }",
	 "item base=0; item; confidence=0", NULL, NULL},
	{"a wrapper of a text or a bool", SHAPE_REQUEST, "3{ 1's' } 8{ 1=1 }", "request session=s opted_out",
	 NULL, NULL},
	{"bytes as text: as they stand, as a UUID, in hexadecimal", SHAPE,
	 "1{ 1{ 1{ 1{ 1'sku-1' } 1{ x0a10 x6ba7b8109dad11d180b400c04fd430c8 } 1{ x0a02 x00ff } 1{ x0a00 } } "
	 "} }",
	 "item id=sku-1; item id=6ba7b810-9dad-11d1-80b4-00c04fd430c8; item id=0x00ff; item", NULL, NULL},
	{"one text of each element of a list, the last one that it has", SHAPE,
	 "1{ 1{ 1{ 1{ 6{ 1'a' 1'b' } 6{ 1'c' 2'code' } 6{ } 6{ 2'x' 1'd' } } 1{ 6{ 1'e' } } } } }",
	 "item tag=b tag=d; item tag=e", NULL, NULL},
	{"an explanation in a Struct is set and cleared", SHAPE, "6{ 1{ 1'why' 2{ 3'so' } } }", "explain=so",
	 "explain 'because'", "6{ 1{ 1'why' 2{ 3'because' } } }"},
	{"and made where there was none", SHAPE, "", "", "explain 'because'",
	 "6{ 1{ 1'why' 2{ 3'because' } } }"},

	/* prompts of lists in lists */
	{"prompts of lists in lists are dropped and rewritten", SHAPE,
	 "4{ 1{ 1=1 2{ 1'a' 2{ 1{ 3't' } } } 5'ask' } 1{ 1=2 } } 4{ 1{ 1=3 } }",
	 "prompt id=1 text=t kind=clarifying_question; prompt id=2; prompt id=3",
	 "replace 0 'new' - 'de' 1; choice 0 'n' 2 'no'; drop 1; replace 2 'x' 'tt' - 0",
	 "4{ 1{ 1=1 2{ 1'a' 2{ 1{ 3'new' } } } 5'ack' 3{ 1'de' } 4{ 1{ 1'n' 3{ 1=2 } 2{ 1'no' } } } } } "
	 "4{ 1{ 1=3 2{ 1'a' 2{ 1{ 3'x' } 3'tt' } } } }"},
	{"choices of the first menu only", SHAPE, "4{ 1{ 1=1 4{ 1{ 1'c' 2{ 1'yes' } } } 4{ 1{ 1'd' } } } }",
	 "prompt id=1 choice(id=c label=yes)", "replace 0 - - - 0; choice 0 - 2 'no'",
	 "4{ 1{ 1=1 4{ 1{ 3{ 1=2 } 2{ 1'no' } } } 4{ 1{ 1'd' } } } }"},

	/* prompts */
	{"a prompt is dropped; the one before it is edited at its end", CANONICAL,
	 "3{ 1'p' } 3{ 1'q' } 3{ 1'r' }", "prompt id=p; prompt id=q; prompt id=r",
	 "replace 0 'new' - - 0; drop 1; replace 2 - - 'de' 0", "3{ 1'p' 4'new' } 3{ 1'r' 5'de' }"},
	{"an empty prompt is filled, the next one dropped", CANONICAL, "3{ } 3{ 1'q' }",
	 "prompt; prompt id=q", "replace 0 'new' - - 0; drop 1", "3{ 4'new' }"},
	{"a replaced prompt keeps its id and what is unknown", CANONICAL,
	 "3{ 90=1 1'p' 2't' 3=2 4'old' 5'en' 91=1 }",
	 "prompt id=p template=t text=old locale=en kind=clarifying_question",
	 "replace 0 'approved' 't2' 'de' 3", "3{ 90=1 1'p' 2't2' 3=3 4'approved' 5'de' 91=1 }"},
	{"what the replacement does not have goes", CANONICAL,
	 "3{ 1'p' 2't' 2'u' 3=2 3=3 4'old' 5'en' 6{ 1'c' } }",
	 "prompt id=p template=u text=old locale=en kind=preference_update choice(id=c)",
	 "replace 0 'new' - - 0", "3{ 1'p' 4'new' }"},
	{"a kind that is other stays as it stands", CANONICAL, "3{ 3=9 }", "prompt kind=other",
	 "replace 0 't' - - 6", "3{ 3=9 4't' }"},
	{"choices that say the same stay, unknown fields too", CANONICAL,
	 "3{ 6{ 3'yes' 2=1 90=1 } 4'old' 6{ 1'' 3'no' 2=2 } }",
	 "prompt text=old choice(kind=accept label=yes) choice(kind=decline label=no)",
	 "replace 0 'new' - - 0; choice 0 - 1 'yes'; choice 0 - 2 'no'",
	 "3{ 6{ 3'yes' 2=1 90=1 } 4'new' 6{ 1'' 3'no' 2=2 } }"},
	{"other choices are written anew", CANONICAL, "3{ 6{ 3'yes' } 4'old' 6{ 3'no' } 90=1 }",
	 "prompt text=old choice(label=yes) choice(label=no)",
	 "replace 0 'old' - - 0; choice 0 'c' 2 'never'; choice 0 - 0 -",
	 "3{ 4'old' 90=1 6{ 1'c' 2=2 3'never' } 6{ } }"},
	{"choices inside messages", TRAP, "2{ 1{ 1'p' 4{ 90=1 1{ 1'c' } } } }",
	 "prompt id=p kind=category_switch choice(id=c)", "replace 0 - - - 0; choice 0 - 2 'no'",
	 "2{ 1{ 1'p' 4{ 90=1 1{ 4{ 2=2 } 2{ 1'no' } } } } }"},
	{"choices where there were none", TRAP, "2{ 1{ 1'p' } }", "prompt id=p kind=category_switch",
	 "replace 0 - - - 1; choice 0 'a' 0 -; choice 0 'b' 0 -",
	 "2{ 1{ 1'p' 3=4 4{ 1{ 1'a' } } 4{ 1{ 1'b' } } } }"},

	/* lengths */
	{"an added score widens the length of its item", CANONICAL, "1{ 1'" X100 "0123456789abcdefg' }",
	 "item id=" X100 "0123456789abcdefg", "score 0 1.0", "1{ 1'" X100 "0123456789abcdefg' 2d1 }"},
	{"a longer text widens the lengths at every level", TRAP, "2{ 1{ 2{ 1't' 3'en' } 1'p' } } 6{ }",
	 "prompt id=p text=t locale=en kind=category_switch; confidence=0",
	 "replace 0 '" X100 "abcdefghijklmnopqrstuvwxyz' - 'en' 0",
	 "2{ 1{ 2{ 1'" X100 "abcdefghijklmnopqrstuvwxyz' 3'en' } 1'p' } } 6{ }"},
	{"a shorter one narrows them", TRAP, "2{ 1{ 2{ 1'" X100 X100 "' } } }",
	 "prompt text=" X100 X100 " kind=category_switch", "replace 0 't' - - 0", "2{ 1{ 2{ 1't' } } }"},
	{"a length in more bytes than it needs stays when it does not change", CANONICAL, "x0a8b8000 1'' 2d1",
	 "item score=1", "score 0 3.0", "x0a8b8000 1'' 2d3"},

	/* the rest */
	{"weights", CANONICAL, "2{ 1'c' 2d1 3d2 } 2{ 1'd' }", "weight cat=c weight=1 base=2; weight cat=d",
	 "weight 0 0.5; weight 1 0.25", "2{ 1'c' 2d0.5 3d2 } 2{ 1'd' 2d0.25 }"},
	{"an explanation is set", CANONICAL, "5'old' 4d0.5 5'why'", "explain=why; confidence=0.5",
	 "explain 'new'", "5'old' 4d0.5 5'new'"},
	{"an explanation is cleared, every occurrence of it", CANONICAL, "5'old' 4d0.5 5'why'",
	 "explain=why; confidence=0.5", "explain -", "4d0.5"},
	{"an explanation that is not there is added, inside its message", TRAP, "40{ } 5=1 6{ }",
	 "confidence=0", "explain 'why'", "40{ } 5=1 6{ } 40{ 1'why' }"},

	/* requests and signals */
	{"a request", REQUEST, "1'u' 2's' 3'home' 4'de' 5'Europe/Berlin' 6'g' 7'x' 11=1 12=-3 10{ 1'i' }",
	 "request user=u session=s surface=home locale=de time_zone=Europe/Berlin segment=g experiment=x "
	 "opted_out offset=-3",
	 NULL, NULL},
	{"a map entry may have its value first, or lack either; the last of equal keys wins", REQUEST,
	 "8{ 2'1' 1'b' } 8{ 1'a' } 8{ 2'v' } 8{ 1'b' 2'2' 2'3' }", "request {: v} {a: } {b: 3}", NULL, NULL},
	{"any varint that is not zero is true", REQUEST, "11=4294967296", "request opted_out", NULL, NULL},
	{"an unsigned id, a 64-bit offset", TRAP_REQUEST, "1{ 1{ 1=-1 } 17=2 } 3=4294967296",
	 "request user=18446744073709551615 opted_out offset=4.2949673e+09", NULL, NULL},
	{"a signal", SIGNAL, "1'u' 2's' 3=7 4'i' 5'c' 6'p'",
	 "signal user=u session=s item=i category=c prompt=p kind=opt_in", NULL, NULL},
	{"a signal of a later version", SIGNAL, "3=10", "signal kind=other", NULL, NULL},

	/* what is refused */
	{"truncated in a length", CANONICAL, "x0a", "response: byte 1: the message ends inside a varint",
	 NULL, NULL},
	{"truncated in a value", CANONICAL, "1{ 1'a' x11 x0000 }",
	 "response: byte 6: the message ends inside a fixed-size value", NULL, NULL},
	{"truncated in a group", CANONICAL, "xa306 x0800",
	 "response: byte 4: the message ends inside a group", NULL, NULL},
	{"a length that passes the end of its message but not of the whole", CANONICAL, "1{ x0a02 } 6'm'",
	 "response: byte 3: a length passes the end of its message", NULL, NULL},
	{"a length near the limits", CANONICAL, "x0a xffffffffffffffffff01",
	 "response: byte 1: a length passes the end of its message", NULL, NULL},
	{"a varint of eleven bytes", CANONICAL, "x50 xffffffffffffffffffff01",
	 "response: byte 1: a varint is longer than 10 bytes", NULL, NULL},
	{"a group inside one too many", CANONICAL, OPEN_100 "xa306",
	 "response: byte 200: groups are nested too deeply", NULL, NULL},
	{"a group ends that was not begun", CANONICAL, "xa406",
	 "response: byte 0: a group ends that was not begun", NULL, NULL},
	{"a group ends under another number", CANONICAL, "xa306 xac06",
	 "response: byte 2: a group ends that was not begun", NULL, NULL},
	{"field number 0", CANONICAL, "x0200", "response: byte 0: a field has number 0", NULL, NULL},
	{"wire type 6", CANONICAL, "x0e", "response: byte 0: a tag is none of protobuf", NULL, NULL},
	{"a tag of six bytes", CANONICAL, "x8a8080808000 x00", "response: byte 0: a tag is none of protobuf",
	 NULL, NULL},
	{"a mapped field of another wire type", CANONICAL, "1{ 1'a' 2f1 }",
	 "response: byte 5: field \"score\" of rankguard.v1.RankedItem has wire type 5; a double has 1", NULL,
	 NULL},
	{"a request that is damaged", REQUEST, "x0a05",
	 "request: byte 1: a length passes the end of its message", NULL, NULL},
	{"a signal that is damaged", SIGNAL, "x0a05",
	 "signal: byte 1: a length passes the end of its message", NULL, NULL},
};

static const struct proto_limits limits = {100, 10};

struct kit {
	struct proto_mapping *canonical, *trap, *shape;
};

static const struct proto_method *method_of(const struct kit *kit, enum verb verb)
{
	if (verb == TRAP || verb == TRAP_REQUEST)
		return proto_mapping_find(kit->trap, bytes_of(TRAP_RANK));
	if (verb == SHAPE || verb == SHAPE_REQUEST)
		return proto_mapping_find(kit->shape, bytes_of(SHAPE_RANK));
	return proto_mapping_find(kit->canonical,
				  bytes_of(verb == SIGNAL ? CANONICAL_SIGNAL : CANONICAL_RANK));
}

/* The facts of a message, or the error, as text. */
static struct buf view(const struct kit *kit, enum verb verb, struct bytes message, struct arena *arena,
		       struct facts *facts, const struct proto_places **places)
{
	const struct proto_method *method = method_of(kit, verb);
	struct facts_signal signal;
	struct err err;
	struct buf text = {0};
	enum proto_result result;
	*places = NULL;
	if (verb == SIGNAL)
		result = proto_view_signal(method, message, NULL, arena, &signal, &err);
	else if (verb == REQUEST || verb == TRAP_REQUEST || verb == SHAPE_REQUEST)
		result = proto_view_request(method, message, NULL, &limits, arena, facts, &err);
	else
		result = proto_view_response(method, message, &limits, arena, facts, places, &err);
	if (result != PROTO_OK)
		buf_add_text(&text, err.text);
	else if (verb == SIGNAL)
		facts_text_signal(&text, &signal);
	else if (*places)
		facts_text_response(&text, facts);
	else
		facts_text_request(&text, facts);
	buf_add(&text, "", 1);
	return text;
}

static void check_patch(const struct row *row, const struct proto_places *places, const struct facts *facts,
			struct bytes message, struct arena *arena)
{
	struct edits edits = {0};
	struct proto_pieces pieces;
	struct err err;
	char *words = arena_string(arena, bytes_of(row->edits ? row->edits : ""));
	for (char *line; row->edits && (line = strsep(&words, ";"));)
		assert_true(edit_words(&edits, facts, arena, line + (*line == ' ')));
	assert_int_equal(proto_patch(places, &edits, arena, &pieces, &err), PROTO_OK);
	struct bytes patched = proto_pieces_join(&pieces, arena);
	struct buf expected = wire_text(row->patched ? row->patched : row->message);
	if (!row->edits || strcmp(row->message, row->patched) == 0)
		assert_true(pieces.count <= 1 && (message.len == 0 || pieces.piece[0].at == message.at));
	assert_int_equal(patched.len, expected.len);
	assert_int_equal(pieces.len, expected.len);
	if (expected.len)
		assert_memory_equal(patched.at, expected.at, expected.len);
	buf_done(&expected);
}

static struct kit kit;

static void check_row(void **state)
{
	const struct row *row = *state;
	struct arena arena;
	struct facts facts = {0};
	const struct proto_places *places;
	struct buf wire = wire_text(row->message);
	arena_init(&arena, (size_t)1 << 20);
	/* Exactly sized, so that AddressSanitizer sees one byte too far. */
	struct bytes message = arena_copy(&arena, buf_bytes(&wire));
	struct buf text = view(&kit, row->verb, message, &arena, &facts, &places);
	assert_string_equal(text.at, row->facts);
	if (places)
		check_patch(row, places, &facts, message, &arena);
	buf_done(&text);
	buf_done(&wire);
	arena_done(&arena);
}

int main(void)
{
	enum { ROWS = sizeof rows / sizeof *rows };
	struct CMUnitTest tests[ROWS] = {0};
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name, .test_func = check_row, .initial_state = (void *)&rows[i]};
	kit.canonical = proto_mapping_canonical(NULL);
	kit.trap = trap_mapping();
	kit.shape = shape_mapping();
	int failed = _cmocka_run_group_tests("traps", tests, ROWS, NULL, NULL);
	proto_mapping_free(kit.canonical);
	proto_mapping_free(kit.trap);
	proto_mapping_free(kit.shape);
	return failed;
}
