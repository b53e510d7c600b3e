/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * screen.h - the block on a terminal that says what waits, since when and until when, and what each
 * server says; drawn with \r, "one line up" and "erase to the end" (ECMA-48), nothing else. */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

/* Both take a struct ui; as base/log wants them. */
void screen_show(void *ui); /* draw it in place of the one that is there; nothing waits: nothing */
void screen_hide(void *ui);

#endif
