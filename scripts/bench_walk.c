/* The floor for watching a tree: walks it and adds an inotify watch for each directory; prints directories and seconds. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static int instance;
static long count;
static char path[1 << 16];

static void add(void)
{
	const unsigned mask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE | IN_ONLYDIR;

	if (inotify_add_watch(instance, path, mask) < 0)
		perror(path);
	count++;
}

static void walk(int folder, size_t length)
{
	DIR *stream = fdopendir(folder);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		size_t size = strlen(entry->d_name);

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (length + size + 2 > sizeof(path))
			continue;
		path[length] = '/';
		memcpy(path + length + 1, entry->d_name, size + 1);
		add();
		walk(openat(dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), length + 1 + size);
		path[length] = 0;
	}
	closedir(stream);
}

int main(int arguments, char **words)
{
	struct timespec start, end;

	if (arguments != 2)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &start);
	instance = inotify_init1(IN_CLOEXEC);
	snprintf(path, sizeof(path), "%s", words[1]);
	add();
	walk(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), strlen(path));
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%ld %f\n", count, end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9);
	return 0;
}
