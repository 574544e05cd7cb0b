/* LD_PRELOAD: puts a dynamically linked tool into a volume after its libraries are loaded, so that nothing of the volume
   (loader, libraries, NSS configuration, passwd) is ever loaded or parsed, and takes every capability from it that
   reading does not need. Makes tools tell of damaged directories that would else look empty, and sftp-server of times that
   its protocol has no room for.

   JAIL=dir       before main().
   JAIL_LATE=dir  at the first getpwuid(): for sftp-server, which opens /dev/null first and calls it before any request.
   JAIL_XATTR     keeps the capability to read trusted.* attributes, and lists those that NTFS has but does not tell of,
                  streams among them (jail-streams.c): for tar.
   JAIL_EMPTY     has regular files look empty, so that tar writes headers and opens nothing that it need not.
   JAIL_AHEAD     reads small files ahead of the program: for tar (jail-ahead.c). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include "jail-ahead.h"

enum { NO_DIRECTORY = 121, NO_JAIL = 122, NOT_CONFINED = 123 };

static void drop_capabilities(int xattr) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct keep[2] = {{0}, {0}};
  keep[0].permitted = keep[0].effective = 1u << CAP_DAC_READ_SEARCH | (xattr ? 1u << CAP_SYS_ADMIN : 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, keep)) _exit(NOT_CONFINED);
}

/* What ext4 says of the errors it has met: how many, and the inode of the last. Descriptors, as the jail has no /sys. */
static int errors_count = -1, last_error_ino = -1;
static long long errors_before;

static long long number_in(int fd) {
  char text[24];
  ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = 0;
  return atoll(text);
}

static int ext4_says(const char *volume, const char *what) {
  char path[256];
  const char *name = strrchr(volume, '/');
  snprintf(path, sizeof path, "/sys/fs/ext4/%s/%s", name ? name + 1 : volume, what);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static int on_ntfs, serving, empty;

/* jail-streams.c */
void start_streams(const char *directory);
ssize_t with_streams(const char *path, int fd, char *list, size_t size, ssize_t used);
int is_stream(const char *name, void *value, size_t size, ssize_t *used);

static void jail(const char *directory) {
  struct statfs volume;
  /* a time zone that is known before: else the volume's /etc/localtime is read, again for each line of a listing */
  setenv("TZ", "UTC0", 1);
  tzset();
  errors_count = ext4_says(directory, "errors_count");
  last_error_ino = ext4_says(directory, "last_error_ino");
  errors_before = number_in(errors_count);
  on_ntfs = getenv("JAIL_XATTR") && statfs(directory, &volume) == 0 && volume.f_type == 0x7366746e;
  if (on_ntfs) start_streams(directory);
  if (chroot(directory) || chdir("/")) _exit(NO_DIRECTORY);
  empty = getenv("JAIL_EMPTY") != NULL;
  if (getenv("JAIL_AHEAD")) start_ahead();
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
  if (directory) {
    serving = 1;
    jail(directory);
  }
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

/* Where a directory has no index, ext4 passes over its damaged blocks, and says only in these files that it did. */
static int passed_over(DIR *directory) {
  struct stat status;
  return number_in(errors_count) != errors_before && fstat(dirfd(directory), &status) == 0 &&
         number_in(last_error_ino) == (long long)status.st_ino;
}

/* sftp-server takes an error for the end of a directory, and leaves out what it can't look at. Instead it is shown an entry
   with a name that none can have, "/", as the last; and what it can't look at as something of no type. It looks at each
   entry right after it was read. */
static int looks_at_entry;

struct dirent *readdir(DIR *directory) {
  static struct dirent broken = {.d_name = "/"};
  static DIR *told;
  struct dirent *(*real)(DIR *) = (struct dirent *(*)(DIR *))dlsym(RTLD_NEXT, "readdir");
  int before = errno;
  errno = 0;
  struct dirent *entry = real(directory);
  if (entry) ahead_found(dirfd(directory), entry);
  else if (!errno && passed_over(directory)) errno = EUCLEAN;
  if (serving && !entry && errno && told != directory) entry = &broken;
  told = entry == &broken ? directory : NULL;
  looks_at_entry = serving && entry;
  if (!entry && !errno) ahead_complete(dirfd(directory));
  if (entry || !errno) errno = before;
  return entry;
}

/* Seconds of 48 bits, which is four million years, and nanoseconds that are some: a disk may say anything. */
static void bound(struct timespec *time) {
  const time_t most = ((time_t)1 << 47) - 1;
  if (time->tv_sec > most) time->tv_sec = most;
  if (time->tv_sec < -most) time->tv_sec = -most;
  if (time->tv_nsec < 0 || time->tv_nsec >= 1000000000) time->tv_nsec = 0;
}

/* SFTP has 32 bits for the seconds of a time, and nothing below. sftp-server passes on what is in these fields as it is: the
   nanoseconds of the last change go where it has the last access, which the host does not ask for, and bits 32 to 47 of its
   seconds above the mode, which has 16 (src/guest/sftp-wire.ts). */
static void carry_time(struct stat *file) {
  file->st_atim.tv_sec = file->st_mtim.tv_nsec;
  file->st_mode = (file->st_mode & 0xffff) | (mode_t)(file->st_mtim.tv_sec >> 32) << 16;
}

static int told(int result, struct stat *file) {
  if (result) return result;
  bound(&file->st_atim);
  bound(&file->st_mtim);
  bound(&file->st_ctim);
  if (empty && S_ISREG(file->st_mode)) file->st_size = file->st_blocks = 0;
  if (serving) carry_time(file);
  return 0;
}

int lstat(const char *path, struct stat *status) {
  static int (*real)(const char *, struct stat *);
  if (!real) real = (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "lstat");
  int failed = told(real(path, status), status), is_entry = looks_at_entry;
  looks_at_entry = 0;
  if (failed && is_entry) memset(status, 0, sizeof *status);
  return is_entry ? 0 : failed;
}

int stat(const char *path, struct stat *status) {
  static int (*real)(const char *, struct stat *);
  if (!real) real = (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");
  return told(real(path, status), status);
}

int fstat(int fd, struct stat *file) {
  static int (*real)(int, struct stat *);
  if (!real) real = (int (*)(int, struct stat *))dlsym(RTLD_NEXT, "fstat");
  return told(real(fd, file), file);
}

int fstatat(int directory, const char *path, struct stat *file, int flags) {
  static int (*real)(int, const char *, struct stat *, int);
  if (!real) real = (int (*)(int, const char *, struct stat *, int))dlsym(RTLD_NEXT, "fstatat");
  int result = told(real(directory, path, file, flags), file);
  if (!result) ahead_passed(directory, file->st_ino);
  return result;
}

/* Where HFS+ says that there are no attributes, of much when they are listed, of some that it has listed when they are
   asked for, there are none: tar would warn of each, and a warning means that something could not be read. */
static ssize_t or_none(ssize_t used) { return used < 0 && errno == ENOTSUP ? 0 : used; }

static ssize_t or_absent(ssize_t used) {
  if (used < 0 && errno == ENOTSUP) errno = ENODATA;
  return used;
}

ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size) {
  ssize_t (*real)(const char *, const char *, void *, size_t) =
      (ssize_t (*)(const char *, const char *, void *, size_t))dlsym(RTLD_NEXT, "lgetxattr");
  ssize_t used;
  return is_stream(name, value, size, &used) ? used : or_absent(real(path, name, value, size));
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t size) {
  ssize_t (*real)(int, const char *, void *, size_t) =
      (ssize_t (*)(int, const char *, void *, size_t))dlsym(RTLD_NEXT, "fgetxattr");
  ssize_t used;
  return is_stream(name, value, size, &used) ? used : or_absent(real(fd, name, value, size));
}

/* ntfs3 gives the security descriptor and the flags (hidden, system...) of a file to whoever asks by name, and lists
   neither. Tar asks by path, or by descriptor where it has opened the file. */
static const char *const unlisted[] = {"system.ntfs_security", "system.ntfs_attrib"};

static ssize_t with_unlisted(const char *path, int fd, char *list, size_t size, ssize_t used) {
  if (used < 0 || !on_ntfs) return used;
  used = with_streams(path, fd, list, size, used);
  if (used < 0) return used;
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
  return with_unlisted(path, -1, list, size, or_none(real(path, list, size)));
}

ssize_t flistxattr(int fd, char *list, size_t size) {
  ssize_t (*real)(int, char *, size_t) = (ssize_t (*)(int, char *, size_t))dlsym(RTLD_NEXT, "flistxattr");
  return with_unlisted(NULL, fd, list, size, or_none(real(fd, list, size)));
}
