/* Waits on the port that is its stdin and stdout until the host is there, and answers its first line:

     hello TAG SEED -> ready TAG UPTIME     SEED: 32 bytes in hexadecimal

   A machine may come out of a saved state, together with others and long after that was made: before it answers it takes
   the time from its clock, which the host keeps, and new randomness from the host. Ends with 0 when it has answered. */
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SEED_BYTES = 32 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* A port nobody holds at the other end reads as ended and polls as hung up, always: only its next change is worth waking
   for, which is what edge-triggered means. */
static void await_change(void) {
  static int changes = -1;
  struct epoll_event change = {.events = EPOLLIN | EPOLLET};
  if (changes < 0) {
    changes = epoll_create1(EPOLL_CLOEXEC);
    if (changes < 0 || epoll_ctl(changes, EPOLL_CTL_ADD, STDIN_FILENO, &change)) fail("epoll");
  }
  epoll_wait(changes, &change, 1, -1);
}

/* Reads no further than the line: what follows is for the agent. */
static void await_line(char *line, size_t size) {
  size_t length = 0;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, line + length, 1);
    if (got < 0) fail("read");
    if (got == 0) await_change();
    if (got > 0 && line[length] == '\n') break;
    length = got == 0 || length + 1 == size ? 0 : length + 1;
  }
  line[length] = 0;
}

static void set_time(void) {
  struct timespec now = {0};
  FILE *clock = fopen("/sys/class/rtc/rtc0/since_epoch", "r");
  if (!clock || fscanf(clock, "%ld", &now.tv_sec) != 1 || clock_settime(CLOCK_REALTIME, &now)) fail("clock");
  fclose(clock);
}

/* Added, credited, and used from now on: without the last the kernel's generator would go on as it was for a minute. */
static void take_seed(const char *seed) {
  struct { int bits, bytes; unsigned char seed[SEED_BYTES]; } pool = {8 * SEED_BYTES, SEED_BYTES, {0}};
  int random = open("/dev/urandom", O_WRONLY);
  for (int i = 0; i < SEED_BYTES; i++)
    if (sscanf(seed + 2 * i, "%2hhx", &pool.seed[i]) != 1) fail("seed");
  if (random < 0 || ioctl(random, RNDADDENTROPY, &pool) || ioctl(random, RNDRESEEDCRNG)) fail("random");
  close(random);
}

int main(void) {
  char line[128], tag[9], seed[2 * SEED_BYTES + 1], uptime[32];
  do await_line(line, sizeof line);
  while (sscanf(line, "hello %8[0-9a-f] %64[0-9a-f]", tag, seed) != 2 || strlen(seed) != 2 * SEED_BYTES);
  set_time();
  take_seed(seed);
  FILE *since = fopen("/proc/uptime", "r");
  if (!since || fscanf(since, "%31s", uptime) != 1) fail("uptime");
  printf("ready %s %s\n", tag, uptime);
  return fflush(stdout) ? 1 : 0;
}
