/* Of jail.so: gives tar the alternate data streams of an NTFS as extended attributes, user.NAME, as others do who know them as
   such. /streams, a process beside the jail, reads them (streams.c), file by file. When some are left out, which it has said,
   the program fails at its end, as tar does after a file that it could not read. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "streams.h"

enum { INCOMPLETE = 2 };

static int asks = -1, incomplete;
static pid_t reader;
static const char *memory;
static struct answer answer;

/* Before the program goes to DIRECTORY, where /dev/NAME is mounted. */
void start_streams(const char *directory) {
  int ends[2], shared = memfd_create("streams", 0);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) || ftruncate(shared, MOST_BYTES)) return;
  memory = mmap(NULL, MOST_BYTES, PROT_READ, MAP_SHARED, shared, 0);
  if (memory == MAP_FAILED) return;
  reader = fork();
  if (reader == 0) {
    char device[256], socket[12], shares[12];
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 0);
    dup2(nothing, 1);
    close(ends[0]);
    snprintf(device, sizeof device, "/dev/%s", strrchr(directory, '/') + 1);
    snprintf(socket, sizeof socket, "%d", ends[1]);
    snprintf(shares, sizeof shares, "%d", shared);
    execle("/streams", "streams", device, directory, socket, shares, NULL, (char *[]){NULL});
    _exit(127);
  }
  close(ends[1]);
  close(shared);
  asks = ends[0];
}

__attribute__((destructor)) static void end(void) {
  if (reader > 0) {
    close(asks);
    waitpid(reader, NULL, 0);
  }
  if (incomplete) _exit(INCOMPLETE);
}

/* Has the streams of a file in memory, until the next one's are asked for. */
static void ask(uint64_t record) {
  static uint64_t known = -1;
  static int is_told;
  if (record == known) return;
  known = record;
  int is_sent = send(asks, &record, sizeof record, MSG_NOSIGNAL) == sizeof record;
  /* of a file before this one may still be said that its reader was lost, when that had answered already */
  while (is_sent && recv(asks, &answer, sizeof answer, 0) == sizeof answer)
    if (answer.record == record && answer.bytes <= MOST_BYTES) {
      incomplete |= answer.incomplete;
      return;
    }
  answer = (struct answer){0};
  if (!is_told) fputs("alternate data streams of this volume left out: can't be read\n", stderr);
  is_told = incomplete = 1;
}

struct found {
  const char *name, *value;
  struct stream length;
};

/* The stream at a place in memory, and the place of the next. An enemy may have taken over the process that wrote it. */
static int next(uint32_t *at, struct found *found) {
  if (answer.bytes - *at < sizeof found->length) return 0;
  memcpy(&found->length, memory + *at, sizeof found->length);
  uint32_t left = answer.bytes - *at - sizeof found->length;
  if (!found->length.name || found->length.name > left || found->length.value > left - found->length.name) return 0;
  found->name = memory + *at + sizeof found->length;
  found->value = found->name + found->length.name;
  *at = found->value + found->length.value - memory;
  return 1;
}

static int is_listed(const struct found *found, const char *list, ssize_t length) {
  for (const char *name = list; name < list + length; name += strlen(name) + 1)
    if (strlen(name) + 1 == found->length.name && !memcmp(name, found->name, found->length.name)) return 1;
  return 0;
}

/* Adds the names to a list of attributes of a file. */
ssize_t with_streams(const char *path, int fd, char *list, size_t size, ssize_t used) {
  struct stat status;
  if (used < 0 || (path ? fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) : fstat(fd, &status))) return used;
  ask(status.st_ino);
  ssize_t own = size ? used : 0;
  struct found found;
  for (uint32_t at = 0; next(&at, &found);) {
    if (is_listed(&found, list, own)) {
      incomplete = 1;
      fprintf(stderr, "an alternate data stream left out: another attribute is called %.*s\n", (int)found.length.name, found.name);
      continue;
    }
    if (size && size - used < found.length.name) {
      errno = ERANGE;
      return -1;
    }
    if (size) memcpy(list + used, found.name, found.length.name);
    used += found.length.name;
    if (size) list[used - 1] = 0;
  }
  return used;
}

/* 1 and the length in `used`, or an error, when it is a stream of the file whose attributes were listed last. */
int is_stream(const char *name, void *value, size_t size, ssize_t *used) {
  struct found found;
  for (uint32_t at = 0; next(&at, &found);) {
    if (found.length.name != strlen(name) + 1 || memcmp(found.name, name, found.length.name)) continue;
    *used = size && size < found.length.value ? -1 : (ssize_t)found.length.value;
    if (*used < 0) errno = ERANGE;
    else if (size) memcpy(value, found.value, found.length.value);
    return 1;
  }
  return 0;
}
