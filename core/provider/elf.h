/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * elf.h - is this file a shared object that the dynamic linker can be handed?
 *
 * libltdl says "file not found" of a corrupt module, and a module cut short maps pages that are
 * not there: touching them ends the process (SIGBUS).  So the headers are read first. */
#ifndef PROVIDER_ELF_H
#define PROVIDER_ELF_H

#include <sys/types.h>

/* NULL when all is well, else what is wrong: "is no ELF file", "is cut short", ... */
const char *elf_fault(int fd, off_t size);

#endif
