/* Reads the alternate data streams of an NTFS, which the kernel gives to nobody, with the library that replays its journal.

     streams DEVICE DIRECTORY SOCKET MEMORY

   DIRECTORY is where the volume is mounted: this program puts itself there, without any capability. SOCKET and MEMORY are
   descriptors (streams.h). Each file is read by a process that can be lost: when the library is led astray by what somebody
   wrote there, that file's streams are lost, which is said, and another process goes on. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
/* last: they rely on others */
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/volume.h>
#include "streams.h"

#define NOTHING UINT64_MAX
enum { SECONDS = 20, MEMORY_BYTES = 128 << 20, DEEPEST = 64 };

static ntfs_volume *volume;
static char *memory;      /* shared with the jail */
static uint64_t *reading; /* the file's number, shared with whoever tells that reading it was lost; NOTHING in between */
static struct answer answer;

static int keep_capabilities(uint32_t kept) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct keep[2] = {{.permitted = kept, .effective = kept}, {0}};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, keep);
}

static void tell_name(const void *name, int length) {
  char *text = NULL;
  if (ntfs_ucstombs(name, length, &text, 0) >= 0) fputs(text, stderr);
  free(text);
}

/* The path of a file, by the names that it and the directories above it go by. */
static void tell_path(ntfs_inode *file, int deep) {
  if (file->mft_no == FILE_root || deep == DEEPEST) return;
  ntfs_attr_search_ctx *search = ntfs_attr_get_search_ctx(file, NULL);
  while (search && !ntfs_attr_lookup(AT_FILE_NAME, AT_UNNAMED, 0, CASE_SENSITIVE, 0, NULL, 0, search)) {
    FILE_NAME_ATTR *name = (FILE_NAME_ATTR *)((char *)search->attr + le16_to_cpu(search->attr->value_offset));
    if (name->file_name_type == FILE_NAME_DOS) continue;
    ntfs_inode *parent = ntfs_inode_open(volume, MREF_LE(name->parent_directory));
    if (parent) {
      tell_path(parent, deep + 1);
      ntfs_inode_close(parent);
    }
    fputc('/', stderr);
    tell_name(name + 1, name->file_name_length);
    break;
  }
  if (search) ntfs_attr_put_search_ctx(search);
}

/* Without a name: of all that were not found yet. */
static void tell(ntfs_inode *file, const ntfschar *name, int length, const char *why) {
  answer.incomplete = 1;
  fputs(length ? "alternate data stream " : "alternate data streams of ", stderr);
  if (file->mft_no == FILE_root) fputc('/', stderr);
  tell_path(file, 0);
  if (length) fputc(':', stderr);
  tell_name(name, length);
  fprintf(stderr, " left out: %s\n", why);
}

static void tell_unread(void) {
  answer = (struct answer){.record = *reading, .incomplete = 1};
  fprintf(stderr, "alternate data streams of file number %llu left out: can't be read\n", (unsigned long long)*reading);
}

/* Adds a stream to the answer. Says why it can't. */
static const char *add(ntfs_attr *stream, const char *name) {
  struct stream head = {.name = sizeof "user." + strlen(name), .value = stream->data_size};
  size_t left = MOST_BYTES - answer.bytes;
  if (left < sizeof head + head.name || stream->data_size < 0 || (uint64_t)stream->data_size > left - sizeof head - head.name)
    return "the streams of this file are more than 4 MiB";
  char *at = memory + answer.bytes, *value = at + sizeof head + head.name;
  for (s64 done = 0, more; done < stream->data_size; done += more)
    if ((more = ntfs_attr_pread(stream, done, stream->data_size - done, value + done)) <= 0)
      return more ? strerror(errno) : "it ends early";
  memcpy(at, &head, sizeof head);
  stpcpy(stpcpy(at + sizeof head, "user."), name);
  answer.bytes = value + head.value - memory;
  return NULL;
}

static void add_named(ntfs_inode *file, ntfschar *name, int length) {
  char *text = NULL;
  const char *why = NULL;
  for (int at = 0; at < length; at++)
    if (!name[at]) why = "no attribute can have its name";
  if (!why && ntfs_ucstombs(name, length, &text, 0) < 0) why = strerror(errno);
  ntfs_attr *stream = why ? NULL : ntfs_attr_open(file, AT_DATA, name, length);
  if (!why) why = stream ? add(stream, text) : strerror(errno);
  if (why) tell(file, name, length, why);
  if (stream) ntfs_attr_close(stream);
  free(text);
}

static void add_all(ntfs_inode *file) {
  ntfs_attr_search_ctx *search = ntfs_attr_get_search_ctx(file, NULL);
  if (!search) abort(); /* no memory is left */
  while (!ntfs_attr_lookup(AT_DATA, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, search)) {
    ATTR_RECORD *found = search->attr;
    /* the rest of a stream that is in many pieces is a record of its own */
    if (found->name_length && !(found->non_resident && found->lowest_vcn))
      add_named(file, (ntfschar *)((char *)found + le16_to_cpu(found->name_offset)), found->name_length);
  }
  if (errno != ENOENT) tell(file, NULL, 0, strerror(errno));
  ntfs_attr_put_search_ctx(search);
}

/* Answers until nobody asks any more, or something kills it: the library, or that it takes too long. */
static void serve(int socket) {
  const struct itimerval patience = {.it_value.tv_sec = SECONDS};
  while (recv(socket, reading, sizeof *reading, 0) == sizeof *reading) {
    setitimer(ITIMER_PROF, &patience, NULL);
    answer = (struct answer){.record = *reading};
    ntfs_inode *file = ntfs_inode_open(volume, *reading);
    if (file) add_all(file);
    else tell_unread();
    if (file) ntfs_inode_close(file);
    send(socket, &answer, sizeof answer, MSG_NOSIGNAL);
    *reading = NOTHING;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int socket = atoi(argv[3]);
  memory = mmap(NULL, MOST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[4]), 0);
  reading = mmap(NULL, sizeof *reading, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || reading == MAP_FAILED) return 2;
  if (setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY_BYTES, MEMORY_BYTES})) return 2;
  ntfs_log_set_handler(ntfs_log_handler_null);
  if (keep_capabilities(1u << CAP_SYS_CHROOT)) return 2;
  struct ntfs_device *device = ntfs_device_alloc(argv[1], 0, &ntfs_device_default_io_ops, NULL);
  /* less than a mount: what no file's streams depend on may be damaged. A mount would find the version, NTFS 3.1, and
     without one nothing compressed is read. */
  volume = device ? ntfs_volume_startup(device, NTFS_MNT_RDONLY) : NULL;
  if (!volume || chroot(argv[2]) || chdir("/") || keep_capabilities(0)) return 2;
  volume->major_ver = 3;
  *reading = NOTHING;
  for (int status = 0;;) {
    pid_t reader = fork();
    if (!reader) {
      serve(socket);
      _exit(0);
    }
    if (reader < 0 || waitpid(reader, &status, 0) < 0 || WIFEXITED(status)) return 0;
    if (*reading == NOTHING) continue;
    tell_unread();
    send(socket, &answer, sizeof answer, MSG_NOSIGNAL);
  }
}
