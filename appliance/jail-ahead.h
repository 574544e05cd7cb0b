/* What jail.c tells jail-ahead.c: an entry was read of a directory, by its descriptor; all of them were; an entry was looked at. */
#include <dirent.h>
#include <stdint.h>

void start_ahead(void);
void ahead_found(int directory, const struct dirent *entry);
void ahead_complete(int directory);
void ahead_passed(int directory, uint64_t number);
