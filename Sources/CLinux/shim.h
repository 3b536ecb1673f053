/* glibc's functions that its headers show only with _GNU_SOURCE, which Swift's Glibc module does not define; and malloc's
   settings. */
#include <malloc.h>
#include <spawn.h>

extern int pipe2(int descriptors[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

