/* What /streams (streams.c) and the jail (jail-streams.c) say to each other. The jail asks for a file, by the number of its
   MFT record, as one packet of 8 bytes, and has one answer of this form. What it tells of lies in memory that both have mapped,
   stream after stream: a struct stream, the name as that of an attribute, with its NUL, and what the stream holds. */
#include <stdint.h>

/* So many bytes of streams of one file, names included, are read at most: tar holds them in memory, several times. */
#define MOST_BYTES (4u << 20)

struct answer {
  uint64_t record;     /* the file's, as it was asked for */
  uint32_t bytes;      /* of memory used */
  uint32_t incomplete; /* something is left out, which was said on stderr */
};

struct stream {
  uint32_t name, value; /* lengths in bytes */
};
