/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/elf.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MAX 64 /* a module has about ten */

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	return at <= INT64_MAX - len && pread(fd, to, len, (off_t)at) == (ssize_t)len;
}

static bool is_ours(const ElfW(Ehdr) * h) /* word size and octet order of this program */
{
	const uint16_t one = 1;
	bool little = *(const unsigned char *)&one == 1;

	return h->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
	       h->e_ident[EI_DATA] == (little ? ELFDATA2LSB : ELFDATA2MSB);
}

/* Every segment must lie inside the file. */
static const char *segments_fault(int fd, uint64_t size, const ElfW(Ehdr) * h)
{
	for (unsigned i = 0; i < h->e_phnum; i++) {
		ElfW(Phdr) p;
		if (!read_at(fd, &p, sizeof(p), h->e_phoff + (uint64_t)i * sizeof(p)))
			return "is cut short";
		if (p.p_offset > size || p.p_filesz > size - p.p_offset)
			return "is cut short";
	}
	return NULL;
}

const char *elf_fault(int fd, off_t size)
{
	ElfW(Ehdr) h;

	if (size == 0)
		return "is empty";
	if (!read_at(fd, &h, sizeof(h), 0) || memcmp(h.e_ident, ELFMAG, SELFMAG))
		return "is no ELF file";
	if (!is_ours(&h))
		return "is built for another kind of machine";
	if (h.e_type != ET_DYN || h.e_phentsize != sizeof(ElfW(Phdr)) || h.e_phnum == 0 ||
	    h.e_phnum > SEGMENTS_MAX)
		return "is no shared object";
	return segments_fault(fd, (uint64_t)size, &h);
}
