/* LD_PRELOAD: puts a dynamically linked tool into a volume after its libraries are loaded, so that nothing of the volume
   (loader, libraries, NSS configuration, passwd) is ever loaded or parsed, and takes every capability from it that
   reading does not need.

   JAIL=dir       before main().
   JAIL_LATE=dir  at the first getpwuid(): for sftp-server, which opens /dev/null first and calls it before any request.
   JAIL_XATTR     keeps the capability to read trusted.* attributes, and lists those that NTFS has but does not tell of:
                  for tar.
   JAIL_EMPTY     has regular files look empty, so that tar writes headers and opens nothing that it need not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { NO_DIRECTORY = 121, NO_JAIL = 122, NOT_CONFINED = 123 };

static void drop_capabilities(int xattr) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct keep[2] = {{0}, {0}};
  keep[0].permitted = keep[0].effective = 1u << CAP_DAC_READ_SEARCH | (xattr ? 1u << CAP_SYS_ADMIN : 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, keep)) _exit(NOT_CONFINED);
}

static int on_ntfs, empty;

static void jail(const char *directory) {
  struct statfs volume;
  if (chroot(directory) || chdir("/")) _exit(NO_DIRECTORY);
  on_ntfs = getenv("JAIL_XATTR") && statfs("/", &volume) == 0 && volume.f_type == 0x7366746e;
  empty = getenv("JAIL_EMPTY") != NULL;
  drop_capabilities(getenv("JAIL_XATTR") != NULL);
  unsetenv("JAIL");
  unsetenv("JAIL_LATE");
  unsetenv("LD_PRELOAD");
}

__attribute__((constructor)) static void start(void) {
  const char *directory = getenv("JAIL");
  if (directory) jail(directory);
  else if (!getenv("JAIL_LATE")) _exit(NO_JAIL);
}

/* The user data base of the jail is fixed: one root, no other names. */
static struct passwd root = {"root", "x", 0, 0, "", "/", "/"};

struct passwd *getpwuid(uid_t uid) {
  const char *directory = getenv("JAIL_LATE");
  if (directory) jail(directory);
  return uid ? NULL : &root;
}
struct passwd *getpwnam(const char *name) { (void)name; return NULL; }
struct group *getgrgid(gid_t gid) { (void)gid; return NULL; }
struct group *getgrnam(const char *name) { (void)name; return NULL; }

/* A fifo opened for reading must not block the session: nothing ever writes to it. */
static int opened(const char *function, const char *path, int flags, va_list rest) {
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, function);
  mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
  return real(path, flags | O_NONBLOCK, mode);
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = opened("open", path, flags, rest);
  va_end(rest);
  return fd;
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = opened("open64", path, flags, rest);
  va_end(rest);
  return fd;
}

/* ntfs3 gives the security descriptor and the flags (hidden, system...) of a file to whoever asks by name, and lists
   neither. Tar asks by path, or by descriptor where it has opened the file. */
static const char *const unlisted[] = {"system.ntfs_security", "system.ntfs_attrib"};

static ssize_t with_unlisted(const char *path, int fd, char *list, size_t size, ssize_t used) {
  if (used < 0 || !on_ntfs) return used;
  for (size_t i = 0; i < sizeof unlisted / sizeof *unlisted; i++) {
    const char *name = unlisted[i];
    size_t length = strlen(name) + 1;
    if ((path ? lgetxattr(path, name, NULL, 0) : fgetxattr(fd, name, NULL, 0)) <= 0) continue;
    if (size && size - used < length) {
      errno = ERANGE;
      return -1;
    }
    if (size) memcpy(list + used, name, length);
    used += length;
  }
  return used;
}

ssize_t llistxattr(const char *path, char *list, size_t size) {
  ssize_t (*real)(const char *, char *, size_t) = (ssize_t (*)(const char *, char *, size_t))dlsym(RTLD_NEXT, "llistxattr");
  return with_unlisted(path, -1, list, size, real(path, list, size));
}

ssize_t flistxattr(int fd, char *list, size_t size) {
  ssize_t (*real)(int, char *, size_t) = (ssize_t (*)(int, char *, size_t))dlsym(RTLD_NEXT, "flistxattr");
  return with_unlisted(NULL, fd, list, size, real(fd, list, size));
}

static int emptied(int result, struct stat *file) {
  if (empty && result == 0 && S_ISREG(file->st_mode)) file->st_size = file->st_blocks = 0;
  return result;
}

int fstat(int fd, struct stat *file) {
  static int (*real)(int, struct stat *);
  if (!real) real = (int (*)(int, struct stat *))dlsym(RTLD_NEXT, "fstat");
  return emptied(real(fd, file), file);
}

int fstatat(int directory, const char *path, struct stat *file, int flags) {
  static int (*real)(int, const char *, struct stat *, int);
  if (!real) real = (int (*)(int, const char *, struct stat *, int))dlsym(RTLD_NEXT, "fstatat");
  return emptied(real(directory, path, file, flags), file);
}
