/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz body over the files of corpus folders, so that corpora run in the normal suite with any
 * compiler. An empty or missing folder is a failure: a corpus that is not there tests nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(1);
	}
	/* Exactly sized, so that AddressSanitizer sees one byte too far. */
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	size_t len = size > 0 ? fread(data, 1, (size_t)size, file) : 0;
	fclose(file);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
}

int main(int argc, char **argv)
{
	size_t files = 0;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue; /* libFuzzer's own flags */
		DIR *dir = opendir(argv[i]);
		if (!dir) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(dir));) {
			char path[4096];
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			run_file(path);
			files++;
		}
		closedir(dir);
	}
	printf("%zu inputs\n", files);
	return files ? 0 : 1;
}
