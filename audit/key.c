/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/key.h"

#include "audit/base64.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char form[] = "PRIVATE+KEY+<name>+<8 hex digits>+<base64 of 0x01 and a 32-byte seed>";

static bool sync_parent(const char *path)
{
	char copy[PATH_MAX];
	if (strlen(path) >= sizeof copy)
		return false;
	strcpy(copy, path);
	int dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = dir >= 0 && fsync(dir) == 0;
	if (dir >= 0)
		close(dir);
	return good;
}

bool audit_secret_write(const char *path, struct bytes text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, "%s: exists already; a key is never overwritten, name another file",
			       path);
	if (fd < 0)
		return err_set(err, "%s: cannot be made: %s", path, strerror(errno));
	size_t done = 0;
	ssize_t n = 0;
	while (done < text.len && ((n = write(fd, text.at + done, text.len - done)) >= 0 || errno == EINTR))
		done += n > 0 ? (size_t)n : 0;
	bool good = done == text.len && fchmod(fd, 0400) == 0 && fsync(fd) == 0 && sync_parent(path);
	int why = errno;
	close(fd);
	if (good)
		return true;
	unlink(path);
	return err_set(err, "%s: cannot be written: %s", path, strerror(why));
}

bool audit_secret_read(const char *path, size_t max, struct buf *text, struct err *err)
{
	struct stat stat;
	bool good = false;
	char block[4096];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) != 0)
		err_set(err, "%s: cannot be read: %s", path, strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		err_set(err, "%s: not a plain file; name the key file", path);
	else if (stat.st_mode & (S_IROTH | S_IWOTH))
		err_set(err, "%s: mode %04o lets everybody read it; chmod 0400", path,
			(unsigned)stat.st_mode & 07777u);
	else {
		while (text->len <= max && (n = read(fd, block, sizeof block)) > 0)
			buf_add(text, block, (size_t)n);
		good = n >= 0 && text->len <= max && !text->failed;
		if (n < 0)
			err_set(err, "%s: cannot be read: %s", path, strerror(errno));
		else if (!good)
			err_set(err, "%s: longer than %zu bytes; not a key file", path, max);
	}
	OPENSSL_cleanse(block, sizeof block);
	if (fd >= 0)
		close(fd);
	return good;
}

void audit_secret_done(struct buf *text)
{
	if (text->at)
		OPENSSL_cleanse(text->at, text->cap);
	buf_done(text);
}

static bool vkey_of_seed(struct bytes name, const uint8_t seed[AUDIT_SEED_LEN], struct audit_vkey *vkey,
			 struct err *err)
{
	struct audit_signer *signer = audit_signer_new(name, seed, err);
	if (signer)
		*vkey = *audit_signer_vkey(signer);
	audit_signer_free(signer);
	return signer != NULL;
}

bool audit_key_create(const char *path, struct bytes name, struct audit_vkey *vkey, struct err *err)
{
	uint8_t raw[1 + AUDIT_SEED_LEN] = {1};
	struct audit_vkey made;
	struct buf text = {0};
	bool good = RAND_priv_bytes(raw + 1, AUDIT_SEED_LEN) == 1;
	if (!good)
		err_set(err, "%s: the system gives no random bytes", path);
	good = good && vkey_of_seed(name, raw + 1, &made, err);
	if (good) {
		buf_printf(&text, "PRIVATE+KEY+%s+%08" PRIx32 "+", made.name, made.id);
		audit_base64_add(&text, raw, sizeof raw);
		buf_add_text(&text, "\n");
		good = !text.failed ? audit_secret_write(path, buf_bytes(&text), err)
				    : err_set(err, "%s: memory is short", path);
	}
	if (good && vkey)
		*vkey = made;
	audit_secret_done(&text);
	OPENSSL_cleanse(raw, sizeof raw);
	return good;
}

bool audit_key_parse(struct bytes text, uint8_t seed[AUDIT_SEED_LEN], struct audit_vkey *vkey,
		     struct err *err)
{
	static const char head[] = "PRIVATE+KEY+";
	enum { BASE64 = 44, HEX = 8 };
	uint8_t raw[1 + AUDIT_SEED_LEN];
	struct audit_vkey made;
	size_t len, tail = 1 + HEX + 1 + BASE64;
	char want[HEX + 1];
	bool good = text.len > strlen(head) + tail && memcmp(text.at, head, strlen(head)) == 0;
	struct bytes name = {text.at + strlen(head), good ? text.len - strlen(head) - tail : 0};
	const char *end = name.at + name.len;
	good = good && end[0] == '+' && end[1 + HEX] == '+' &&
	       audit_base64_read((struct bytes){end + 2 + HEX, BASE64}, raw, sizeof raw, &len) &&
	       len == sizeof raw && raw[0] == 1;
	if (!good)
		err_set(err, "not a signer key; it must be %s", form);
	good = good && vkey_of_seed(name, raw + 1, &made, err);
	if (good) {
		snprintf(want, sizeof want, "%08" PRIx32, made.id);
		if (memcmp(end + 1, want, HEX) != 0)
			good = err_set(err, "its key ID is %.8s; name and seed make %s", end + 1, want);
	}
	if (good) {
		memcpy(seed, raw + 1, AUDIT_SEED_LEN);
		*vkey = made;
	}
	OPENSSL_cleanse(raw, sizeof raw);
	return good;
}

bool audit_key_load(const char *path, uint8_t seed[AUDIT_SEED_LEN], struct audit_vkey *vkey, struct err *err)
{
	struct buf text = {0};
	bool good = audit_secret_read(path, 1024, &text, err);
	if (good) {
		struct bytes line = buf_bytes(&text);
		if (line.len == 0 || line.at[line.len - 1] != '\n')
			good = err_set(err, "not a signer key; it must be %s and a newline", form);
		else
			good = audit_key_parse((struct bytes){line.at, line.len - 1}, seed, vkey, err);
		if (!good)
			err_within(err, "%s", path);
	}
	audit_secret_done(&text);
	return good;
}
