/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts as one readable line, for tests: only what is present.
 *
 *     item id=a score=0.5 tag=x; prompt id=p kind=pause choice(label=no); explain=why
 */
#ifndef TESTS_PROTO_FACTS_TEXT_H
#define TESTS_PROTO_FACTS_TEXT_H

#include "proto/buf.h"
#include "proto/facts.h"

void facts_text_response(struct buf *buf, const struct facts *facts);
void facts_text_request(struct buf *buf, const struct facts *facts);
void facts_text_signal(struct buf *buf, const struct facts_signal *signal);

#endif
