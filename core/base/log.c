/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/log.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECRET_MIN 6 /* octets; shorter ones would strike out innocent words */
#define LINE_MAX_OCTETS 8192
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static atomic_int level = LOG_INFO;
static const struct {
	const char *name;
	char priority; /* of syslog(3) */
} levels[] = { [LOG_ERROR] = { "error", '3' },
	       [LOG_WARN] = { "warn", '4' },
	       [LOG_INFO] = { "info", '6' },
	       [LOG_DETAIL] = { "detail", '7' },
	       [LOG_HTTP] = { "http", '7' } };

/* Recursive: what draws the screen may ask for log_scrub. */
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static struct {
	void (*hide)(void *), (*show)(void *);
	void *arg;
	enum log_level most;
} screen = { .most = LOG_HTTP };
static struct words secrets; /* every form of each */
static struct {
	enum log_target target;
	enum log_format format;
	int fd; /* of file or journal */
} to = { .fd = -1 };
static struct { /* where stderr is the journal's: its socket, which keeps priorities apart */
	char *path; /* NULL: the usual one */
	bool tried;
	int fd;
} native = { .fd = -1 };

void log_level_set(enum log_level l)
{
	level = (int)l;
}

bool log_is_on(enum log_level l)
{
	return (int)l <= level;
}

void log_screen(void (*hide)(void *), void (*show)(void *), void *arg)
{
	pthread_mutex_lock(&lock);
	screen.hide = hide;
	screen.show = show;
	screen.arg = arg;
	screen.most = LOG_HTTP;
	pthread_mutex_unlock(&lock);
}

void log_screen_most(enum log_level l)
{
	pthread_mutex_lock(&lock);
	screen.most = l;
	pthread_mutex_unlock(&lock);
}

/* Octets of text that are this form of a secret, whole or cut off by somebody's maximum. */
static size_t secret_here(const char *text, const char *form)
{
	size_t n = 0;

	while (form[n] && text[n] == form[n])
		n++;
	if (!form[n])
		return n;
	return n >= SECRET_MIN && (!text[n] || starts_with(text + n, "...")) ? n : 0;
}

static size_t longest_here(const char *text)
{
	size_t longest = 0;

	for (size_t i = 0; i < secrets.n; i++) {
		size_t n = secret_here(text, secrets.at[i]);
		longest = n > longest ? n : longest;
	}
	return longest;
}

static void scrub(const char *text, struct buf *ret)
{
	while (*text) {
		size_t n = longest_here(text);
		if (n)
			buf_str(ret, "***");
		else
			buf_char(ret, *text);
		text += n ? n : 1;
	}
}

char *log_scrub(const char *text)
{
	struct buf out = { 0 };

	pthread_mutex_lock(&lock);
	scrub(text, &out);
	pthread_mutex_unlock(&lock);
	return buf_take(&out);
}

/* Is stderr the journal's socket?  $JOURNAL_STREAM names it as "device:inode" (systemd.exec(5)); a
 * child whose stderr goes elsewhere inherits the variable all the same. */
static bool to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &st) && device == st.st_dev && inode == st.st_ino;
}

/* -- where lines go ------------------------------------------------------------------------- */

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

static int open_journal(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	str_put(a.sun_path, "%s", path);
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&a, sizeof(a)))
		return fd;
	int e = errno;
	if (fd >= 0)
		close(fd);
	errno = e;
	return -1;
}

enum seal_status log_open(enum log_target target, const char *path, struct story *story)
{
	const char *at = path ? path : JOURNAL_SOCKET;
	int fd = target == LOG_TO_FILE	    ? open_file(at)
		 : target == LOG_TO_JOURNAL ? open_journal(at)
					    : -1;

	if (fd < 0 && target != LOG_TO_STDERR)
		return story_fail(story, SEAL_ECONFIG, "log: cannot open %s: %s", at,
				  strerror(errno));
	log_close();
	pthread_mutex_lock(&lock);
	to.target = target;
	to.fd = fd;
	native.path = target == LOG_TO_STDERR ? str_copy(path) : NULL;
	pthread_mutex_unlock(&lock);
	return SEAL_OK;
}

void log_close(void)
{
	pthread_mutex_lock(&lock);
	if (to.fd >= 0)
		close(to.fd);
	if (native.fd >= 0)
		close(native.fd);
	free(native.path);
	native.path = NULL;
	native.tried = false;
	to.target = LOG_TO_STDERR;
	native.fd = to.fd = -1;
	pthread_mutex_unlock(&lock);
}

void log_format_set(enum log_format f)
{
	pthread_mutex_lock(&lock);
	to.format = f;
	pthread_mutex_unlock(&lock);
}

static bool write_all(int fd, const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, b->data + done, b->len - done);
		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void add_json(struct buf *line, enum log_level l, const char *text)
{
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	char now[RFC3339_LEN];

	json_object_object_add(o, "v", json_object_new_int(1));
	json_object_object_add(o, "t", json_object_new_string(clock_rfc3339(clock_wall(), now)));
	json_object_object_add(o, "level", json_object_new_string(levels[l].name));
	json_object_object_add(o, "message", json_object_new_string(text));
	scoped(free_p) char *written = json_write(o);
	buf_printf(line, "%s\n", written);
}

/* The journal's native protocol: fields, one a line; text is one line. */
static bool send_fields(int fd, enum log_level l, const char *text)
{
	scoped(buf_free) struct buf fields = { 0 };

	buf_printf(&fields, "PRIORITY=%c\nSYSLOG_IDENTIFIER=dnseal\nMESSAGE=%s\n",
		   levels[l].priority, text);
	return send(fd, fields.data, fields.len, MSG_NOSIGNAL) >= 0;
}

/* False when the journal cannot be reached but through stderr. */
static bool send_native(enum log_level l, const char *text)
{
	if (!native.tried)
		native.fd = open_journal(native.path ? native.path : JOURNAL_SOCKET);
	native.tried = true;
	if (native.fd < 0 || send_fields(native.fd, l, text))
		return native.fd >= 0;
	close(native.fd);
	native.fd = -1;
	native.tried = false; /* it may have been started anew */
	return false;
}

/* False when it could not be kept there: then stderr has to hear it. */
static bool keep(enum log_level l, const char *text)
{
	scoped(buf_free) struct buf line = { 0 };
	char now[RFC3339_LEN];

	if (to.target == LOG_TO_STDERR)
		return false;
	if (to.target == LOG_TO_JOURNAL)
		return send_fields(to.fd, l, text);
	if (to.format == LOG_JSON)
		add_json(&line, l, text);
	else
		buf_printf(&line, "%s %-6s %s\n", clock_rfc3339(clock_wall(), now), levels[l].name,
			   text);
	return write_all(to.fd, &line);
}

static void say(enum log_level l, const char *text)
{
	scoped(buf_free) struct buf line = { 0 };
	bool json = to.format == LOG_JSON && to.target == LOG_TO_STDERR;
	bool journal = to_journal();

	if (journal && !json && send_native(l, text))
		return;
	if (journal)
		buf_printf(&line, "<%c>", levels[l].priority);
	if (json)
		add_json(&line, l, text);
	else
		buf_printf(&line, "%s\n", text);
	if (screen.hide)
		screen.hide(screen.arg);
	if (!write_all(STDERR_FILENO, &line))
		errno = 0; /* nobody is there to be told */
	if (screen.show)
		screen.show(screen.arg);
}

static void put_line(enum log_level l, const char *text)
{
	scoped(buf_free) struct buf struck = { 0 };

	scrub(text, &struck);
	while (struck.len && struck.data[struck.len - 1] == '\n')
		struck.data[--struck.len] = '\0';
	scoped(free_p) char *shown = text_clean(buf_text(&struck), struck.len, LINE_MAX_OCTETS);
	bool kept = keep(l, shown);
	if (kept && to.target == LOG_TO_JOURNAL && to_journal())
		return; /* it would be there twice */
	if (l > screen.most)
		return;
	if (!kept || l == LOG_ERROR || isatty(STDERR_FILENO))
		say(l, shown);
}

void log_vline(enum log_level l, const char *fmt, va_list ap)
{
	int saved = errno;

	if (!log_is_on(l))
		return;
	scoped(wipe_p) char *text = str_vprintf(fmt, ap);
	pthread_mutex_lock(&lock);
	put_line(l, text);
	pthread_mutex_unlock(&lock);
	errno = saved;
}

void log_line(enum log_level l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(l, fmt, ap);
	va_end(ap);
}

static void add_form(const char *form)
{
	if (strlen(form) >= SECRET_MIN && !words_has(&secrets, form))
		words_add(&secrets, form);
}

static void add_escaped(const char *value, const char *hex_fmt)
{
	scoped(buf_free) struct buf b = { 0 };

	for (const char *at = value; *at; at++)
		if (strchr("-._~", *at) || (*at >= '0' && *at <= '9') ||
		    ((*at | 32) >= 'a' && (*at | 32) <= 'z'))
			buf_char(&b, *at);
		else
			buf_printf(&b, hex_fmt, (uint8_t)*at);
	add_form(buf_text(&b));
}

/* Within a longer text ("user:secret") base64 has three forms, by the place of the first octet
 * modulo 3; the characters that share bits with a neighbour are left out. */
static void add_base64(const char *value, char *(*encode)(const void *, size_t))
{
	size_t len = strlen(value);
	scoped(wipe_p) char *whole = encode(value, len);

	whole[strcspn(whole, "=")] = '\0';
	add_form(whole);
	for (size_t shift = 0; shift < 3; shift++) {
		scoped(wipe_p) char *text = str_printf("%.*s%s", (int)shift, "::", value);
		scoped(wipe_p) char *code = encode(text, shift + len);
		code[(shift + len) * 8 / 6] = '\0';
		add_form(code + (shift * 8 + 5) / 6);
	}
}

void log_secret(const char *value)
{
	if (!value || strlen(value) < SECRET_MIN)
		return;
	pthread_mutex_lock(&lock);
	add_form(value);
	add_escaped(value, "%%%02X");
	add_escaped(value, "%%%02x");
	add_base64(value, base64);
	add_base64(value, base64url);
	scoped(wipe_p) char *digits = hex(value, strlen(value));
	add_form(digits);
	pthread_mutex_unlock(&lock);
}

void log_forget(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < secrets.n; i++)
		mem_wipe(secrets.at[i], strlen(secrets.at[i]));
	words_free(&secrets);
	pthread_mutex_unlock(&lock);
}
