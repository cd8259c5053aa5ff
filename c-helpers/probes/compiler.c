/* compiler.c - see compiler.h. */
#include "compiler.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"

enum { WORDS_MAX = 32, NOT_FOUND = 127 };

static FILE *temporary(void)
{
	FILE *file = tmpfile();
	if (!file)
		probe_broken("tmpfile");
	return file;
}

static char *all_of(FILE *file)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	if (!out)
		probe_broken("open_memstream");
	rewind(file);
	for (int byte = fgetc(file); byte != EOF; byte = fgetc(file))
		fputc(byte, out);
	fclose(out);
	fclose(file);
	return text;
}

static int split(char *text, const char *at, char **words, int count)
{
	for (char *word = strtok(text, at); word && count < WORDS_MAX - 1; word = strtok(NULL, at))
		words[count++] = word;
	words[count] = NULL;
	return count;
}

static _Noreturn void execute(const char *options, FILE *in, FILE *out, FILE *err)
{
	const char *compiler = getenv("IOMB_CC");
	char *words[WORDS_MAX];
	int count = split(strdup(compiler && *compiler ? compiler : "cc"), "\n", words, 0);

	split(strdup(options), " ", words, count);
	setenv("LC_ALL", "C", 1);
	dup2(fileno(in), STDIN_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	dup2(fileno(err), STDERR_FILENO);
	execvp(words[0], words);
	_exit(NOT_FOUND);
}

/* Lines that hold the word; the first is kept, from it on. */
static uint32_t count_lines(const char *text, const char *word, char *first, size_t first_bytes)
{
	uint32_t count = 0;
	for (const char *at = strstr(text, word); at; at = strstr(at, word)) {
		if (count++ == 0 && first)
			snprintf(first, first_bytes, "%.*s", (int)strcspn(at, "\n"), at);
		at += strcspn(at, "\n");
	}
	return count;
}

struct compiled compile(const char *options, const char *source)
{
	struct compiled result = {0};
	FILE *in = temporary(), *out = temporary(), *err = temporary();
	int status;

	if (fputs(source, in) < 0 || fflush(in) != 0)
		probe_broken("write(sample)");
	lseek(fileno(in), 0, SEEK_SET);
	pid_t pid = fork_helper();
	if (pid == 0)
		execute(options, in, out, err);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			probe_broken("waitpid(compiler)");
	fclose(in);
	result.output = all_of(out);
	char *complaint = all_of(err);
	result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (result.code == NOT_FOUND)
		probe_unsupported("there is no compiler here");
	result.errors = count_lines(complaint, "error: ", result.first_error, sizeof(result.first_error));
	result.warnings = count_lines(complaint, "warning: ", NULL, 0);
	free(complaint);
	return result;
}
