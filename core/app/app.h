/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * app.h - one run of the program: what commands share.  Everything is set up when it is first
 * needed, so that `version` and `help` cost nothing. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/commands.h"
#include "app/logins.h"
#include "app/subject.h"
#include "app/ui.h"
#include "engine/engine.h"

struct app {
	struct options opt;
	const struct command *command;
	struct words args; /* behind the command's name; borrowed from opt */
	struct ui ui;
	struct configuration *conf;
	struct complaints errors, warnings;
	struct store store; /* .dir NULL: not open */
	struct loop *loop;
	struct http *http;
	struct ops *ops;
	struct pool *pool, *peers;
	struct logins logins;
	struct login **own_logins; /* of the certificate under way: what the engine sees */
	struct engine engine;
	struct list services, coming; /* the engine's */
	bool has_plugins;
	int64_t began_ms; /* clock_ms() */
};
int app_main(int argc, char **argv); /* the exit status */

/* Each of these says what went wrong and returns the exit status; EXIT_DONE: go on. */
int app_configure(struct app *, enum reading_depth);
/* What is configured stays, though the files may have changed; now with secrets. */
int app_configure_again(struct app *);
int app_subject(struct app *, const struct words *names, struct subject *); /* warnings too */
/* The logins of this subject are made, and they alone are the engine's. */
int app_logins(struct app *, const struct subject *);
/* One that needs what is not there is no mistake: it is warned of, and has a trouble. */
int app_logins_any(struct app *, const struct subject *);
int app_store_open(struct app *);
int app_store_look(struct app *, bool *ret_exists); /* writes nothing */
int app_fail(struct app *, const char *certificate, const struct story *);
int app_complaints(struct app *); /* says all of app->errors; EXIT_USAGE when there are any */
void app_warnings(struct app *);

void app_plugins(struct app *);
void app_network(struct app *); /* loop, HTTP, workers; fills in engine */

/* Something that a command waits for: start(..., &w.task), then app_wait(). */
struct waiter {
	struct task task;
	bool done;
};
struct task *waiter_begin(struct waiter *, struct app *);
void app_wait(struct app *, struct waiter *);

const char *app_state_dir(struct app *);
/* "Is this all right?" on a terminal; --yes answers, else --no-input and no terminal mean no. */
bool app_can_ask(const struct app *);
bool app_ask(struct app *, const char *question);

#endif
