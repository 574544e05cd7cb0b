/* extents PATH START LENGTH MOST: where that part of a file lies on the device of its file system, as the kernel tells it
   (FIEMAP), in bytes:

     MAJOR:MINOR SIZE TYPE                  of the device, of the file, of the file system (statfs, hexadecimal)
     LOGICAL PHYSICAL LENGTH FLAGS          each extent, in the order of the file; flags in hexadecimal

   Fails where there are more extents than MOST, and with 3 where the file system tells of none. Runs inside of the volume,
   as all that reads it (jail.c). */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { AT_ONCE = 512, NOT_TOLD = 3 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int count, char **words) {
  struct stat file;
  struct statfs volume;
  if (count != 5) return 2;
  unsigned long long at = strtoull(words[2], NULL, 10), end = at + strtoull(words[3], NULL, 10);
  long most = strtol(words[4], NULL, 10);
  int fd = open(words[1], O_RDONLY);
  if (fd < 0 || fstat(fd, &file) || fstatfs(fd, &volume)) fail("open");
  if (!S_ISREG(file.st_mode)) {
    fputs("not a regular file\n", stderr);
    return 1;
  }
  printf("%u:%u %llu %lx\n", major(file.st_dev), minor(file.st_dev), (unsigned long long)file.st_size,
         (unsigned long)volume.f_type);
  struct fiemap *map = calloc(1, sizeof *map + AT_ONCE * sizeof map->fm_extents[0]);
  if (!map) fail("memory");
  for (int last = 0; !last && at < end;) {
    map->fm_start = at;
    map->fm_length = end - at;
    map->fm_flags = FIEMAP_FLAG_SYNC;
    map->fm_extent_count = AT_ONCE;
    map->fm_mapped_extents = 0;
    if (ioctl(fd, FS_IOC_FIEMAP, map)) {
      if (errno != EOPNOTSUPP) fail("FIEMAP");
      perror("FIEMAP");
      return NOT_TOLD;
    }
    if (map->fm_mapped_extents == 0) break;
    for (unsigned i = 0; i < map->fm_mapped_extents; i++) {
      struct fiemap_extent *extent = &map->fm_extents[i];
      if (most-- == 0) {
        fputs("too many extents\n", stderr);
        return 1;
      }
      printf("%llu %llu %llu %x\n", (unsigned long long)extent->fe_logical, (unsigned long long)extent->fe_physical,
             (unsigned long long)extent->fe_length, extent->fe_flags);
      last |= extent->fe_flags & FIEMAP_EXTENT_LAST;
      unsigned long long next = extent->fe_logical + extent->fe_length;
      if (next <= at) { /* for ever, where metadata is damaged */
        fputs("extents are not in order\n", stderr);
        return 1;
      }
      at = next;
    }
  }
  return fflush(stdout) ? 1 : 0;
}
