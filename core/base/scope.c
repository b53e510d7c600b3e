/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
	if (p)
		return p;
	static const char text[] = "dnseal: out of memory\n";
	ssize_t n = write(2, text, sizeof(text) - 1);
	(void)n;
	abort();
}

void free_p(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void wipe_p(char **p)
{
	if (*p)
		mem_wipe(*p, strlen(*p));
	free(*p);
}

void fd_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void *mem_new(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *mem_grow(void *p, size_t n, size_t size)
{
	return must(reallocarray(p, n ? n : 1, size ? size : 1));
}

void *mem_copy(const void *p, size_t size)
{
	void *copy = mem_new(size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *str_copy(const char *s)
{
	return s ? must(strdup(s)) : NULL;
}

char *str_part(const char *s, size_t n)
{
	return must(strndup(s, n));
}

char *str_vprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	return must(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *str_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = str_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

void mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}
