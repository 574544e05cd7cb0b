/* Of jail.so: reads small files ahead of tar. A file of 4 KiB is a request of its own to its disk, which takes the emulated
   guest several times as long as all else that tar does with it. When tar has read a directory, its files are read together,
   in the order of their inodes, in which tar goes through them (--sort=inode) and in which they mostly lie: the block layer
   makes one request of what lies side by side.

   Only the page cache is filled by that. What goes wrong here, tar meets when it gets there, and tells of. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "jail-ahead.h"

/* Files that are read together, and bytes of each: 8 MiB of the page cache. What is larger, the kernel reads ahead itself. */
enum { TOGETHER = 256, BYTES = 32 << 10 };
/* What is kept of the directory that was read last; files beyond that are read when tar reads them. */
enum { MOST_FILES = 1 << 16, MOST_NAMES = 2 << 20 };

struct file {
  uint64_t number;
  uint32_t name;
};

static struct file files[MOST_FILES];
static char names[MOST_NAMES];
static uint32_t count, named, next;
static int directory = -1, is_complete;
static char *room;

static int by_number(const void *one, const void *other) {
  uint64_t a = ((const struct file *)one)->number, b = ((const struct file *)other)->number;
  return a < b ? -1 : a > b;
}

/* One madvise() of many mappings: its requests are put together before the first is made. */
static void read_together(void) {
  char *at = room;
  for (uint32_t end = next + TOGETHER; next < count && next < end; next++) {
    int file = openat(directory, names + files[next].name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) continue;
    if (mmap(at, BYTES, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == at) at += BYTES;
    close(file);
  }
  if (at == room) return;
  madvise(room, at - room, MADV_WILLNEED);
  mmap(room, at - room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void ahead_found(int of, const struct dirent *entry) {
  if (!room) return;
  if (of != directory || is_complete) {
    directory = of;
    count = named = next = is_complete = 0;
  }
  size_t length = strlen(entry->d_name) + 1;
  if ((entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) || count == MOST_FILES || length > MOST_NAMES - named) return;
  files[count++] = (struct file){.number = entry->d_ino, .name = named};
  memcpy(names + named, entry->d_name, length);
  named += length;
}

void ahead_complete(int of) {
  if (!room || of != directory) return;
  int before = errno;
  is_complete = 1;
  qsort(files, count, sizeof *files, by_number);
  read_together();
  errno = before;
}

void ahead_passed(int of, uint64_t number) {
  if (!room || !is_complete || of != directory || next == count) return;
  if (number >= files[next - TOGETHER / 2].number) read_together();
}

void start_ahead(void) {
  room = mmap(NULL, TOGETHER * BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) room = NULL;
}
