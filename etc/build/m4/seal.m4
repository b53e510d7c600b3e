# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors

# SEAL_TRY_FLAGS(VARIABLE, KIND, FLAG...) - append those flags that the compiler takes without a
# word.  KIND is "compile" or "link".  -Werror, because clang only warns about what it does not
# know; the functions are such as a flag may complain about (_FORTIFY_SOURCE without -O).
AC_DEFUN([SEAL_TRY_FLAGS], [
for seal_flag in m4_normalize([$3]); do
  AC_MSG_CHECKING([whether the compiler takes $seal_flag])
  seal_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS $$1 -Werror $seal_flag"
  m4_if([$2], [link], [AC_LINK_IFELSE], [AC_COMPILE_IFELSE])(
    [AC_LANG_PROGRAM([[#include <string.h>]], [[return (int)strlen("");]])],
    [seal_ok=yes; AS_VAR_APPEND([$1], [" $seal_flag"])], [seal_ok=no])
  CFLAGS=$seal_saved_cflags
  AC_MSG_RESULT([$seal_ok])
done
])

# SEAL_PROVIDER_LIST(VARIABLE, ALL) - turn "all", "none" or "a,b" into names, checked against ALL.
AC_DEFUN([SEAL_PROVIDER_LIST], [
AS_CASE([$$1], [all|yes], [$1="$2"], [none|no], [$1=""])
$1=`AS_ECHO(["$$1"]) | tr ',' ' '`
for seal_p in $$1; do
  AS_CASE([" $2 "], [*" $seal_p "*], [],
    [AC_MSG_ERROR([no such provider: $seal_p (there are: $2)])])
done
])

# SEAL_PROVIDER_NEEDS(NAME, MODULES) - when this provider is to be built it wants these libraries,
# by pkg-config; provider_NAME_CFLAGS and provider_NAME_LIBS are theirs.
AC_DEFUN([SEAL_PROVIDER_NEEDS], [
AS_CASE([" $with_providers $with_static_providers "], [*" $1 "*], [
  PKG_CHECK_MODULES([provider_$1], [$2], [],
    [AC_MSG_ERROR([the provider $1 needs $2:
$provider_$1_PKG_ERRORS
Install its development package, or leave the provider out with --with-providers=LIST.])])])
])

# SEAL_FOLDER(NAME, DOC, DEFAULT) - --with-NAME=DIR says where files are installed, "no" that they
# are not; sets NAME and the conditional WITH_NAME.  "yes" stands for the default.
AC_DEFUN([SEAL_FOLDER], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [$2 @<:@$3@:>@])], [], [with_$1='$3'])
AS_CASE([$with_$1], [yes], [with_$1='$3'])
AM_CONDITIONAL([WITH_]m4_toupper([$1]), [test "x$with_$1" != xno])
AC_SUBST([$1], [$with_$1])
])
