/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * scope.h - memory that ends with its block, and allocation that cannot fail.
 *
 * Out of memory ends the process: the journals on disk make a restart safe, and every size that
 * comes from outside is bounded before it is allocated. */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include <stddef.h>
#include <stdarg.h>

/* scoped(free_p) char *s = ...;  runs free_p(&s) when s goes out of scope. */
#define scoped(fn) __attribute__((cleanup(fn), unused))

/* Hand a scoped pointer out: the variable becomes NULL.  Evaluates p once. */
#define take(p)                                                                                    \
	__extension__({                                                                            \
		__auto_type take_at_ = &(p);                                                       \
		__auto_type take_ = *take_at_;                                                     \
		*take_at_ = NULL;                                                                  \
		take_;                                                                             \
	})

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MUST_CHECK __attribute__((warn_unused_result))

void free_p(void *pointer_to_pointer);  /* free(*p) */
void wipe_p(char **pointer_to_pointer); /* overwrite a secret string, then free it */
void fd_p(int *fd);                     /* close when not negative */

void *mem_new(size_t size) __attribute__((malloc));            /* zeroed */
void *mem_array(size_t n, size_t size) __attribute__((malloc)); /* zeroed */
void *mem_grow(void *p, size_t n, size_t size);                 /* reallocarray */
void *mem_copy(const void *p, size_t size) __attribute__((malloc));
char *str_copy(const char *s) __attribute__((malloc)); /* NULL gives NULL */
char *str_part(const char *s, size_t n) __attribute__((malloc));
char *str_printf(const char *fmt, ...) PRINTF(1, 2) __attribute__((malloc));
char *str_vprintf(const char *fmt, va_list) PRINTF(1, 0) __attribute__((malloc));
void mem_wipe(void *p, size_t n); /* overwrite; never optimised away */

/* snprintf into an array of known size; longer text is cut. */
#define str_put(array, ...) ((void)snprintf((array), sizeof(array), __VA_ARGS__))

#endif
