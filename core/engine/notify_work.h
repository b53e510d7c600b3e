/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * notify_work.h - between the parts of notify. */
#ifndef ENGINE_NOTIFY_WORK_H
#define ENGINE_NOTIFY_WORK_H

#include "engine/notify.h"

void notify_forget(struct notify *); /* the news */

#endif
