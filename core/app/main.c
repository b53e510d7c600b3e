/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#if defined(__SANITIZE_ADDRESS__)
#define DUMPABLE 1 /* the leak checker traces its own process */
#elif defined(__has_feature)
#define DUMPABLE __has_feature(address_sanitizer)
#else
#define DUMPABLE 0
#endif

/* Keys and tokens are in this memory: no core files, no look from other processes of the user. */
static void harden(void)
{
	mallopt(M_PERTURB, 0xa5); /* freed memory keeps nothing; not measurable beside the rest */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* where it is ignored no child can be waited for */
	umask(077);
}

int main(int argc, char **argv)
{
	harden();
	return app_main(argc, argv);
}
