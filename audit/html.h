/* SPDX-License-Identifier: Apache-2.0
 *
 * Words and numbers in HTML. Whatever stands in `text` is text in the page: never an element, never the end of
 * an attribute's value. One thread.
 */
#ifndef AUDIT_HTML_H
#define AUDIT_HTML_H

#include "proto/buf.h"

/* Text, also inside a quoted attribute. Control characters show as their pictures, what is not UTF-8 as U+FFFD. */
void html_text(struct buf *html, struct bytes text);

/* The same in an element that keeps a change of writing direction to itself. */
void html_name(struct buf *html, struct bytes text);

/* 1,234,567 */
void html_count(struct buf *html, double count);

/* "12.3%"; a dash when there is nothing to divide by. */
void html_share(struct buf *html, double part, double whole);

/* JSON that stands in a script element: no '<', '>' or '&' in it, all of which JSON may write as \u00xx. */
void html_json(struct buf *html, struct bytes json);

#endif
