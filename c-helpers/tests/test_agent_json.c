/* test_agent_json.c - JSON in and out of the agent. */
#include <stdint.h>
#include <string.h>

#include "../agent/answer.h"
#include "../agent/json.h"
#include "check.h"

static bool valid(const char *text)
{
	const char *why;

	return json_check(text, strlen(text), &why) && why == NULL;
}

static void test_accepted(void)
{
	static const char *const texts[] = {
		"{}",
		" [ ] ",
		"0",
		"-0.5e+10",
		"true",
		"\"\"",
		"{\"a\":[1,2,{\"b\":null}],\"c\":\"\\u00e9\\ud83d\\ude00\\n\"}",
		"\"\xc3\xa9\xf0\x9f\x98\x80\"",
		"[[[[[[[[1]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(valid(texts[i]), "%s is JSON", texts[i]);
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{\"a\":1]",
		"{} {}",
		"nul",
		"nulls",
		"+1",
		"01",
		"1.",
		".5",
		"1e",
		"-",
		"\"",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\t\"",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xc3\"",
		"[[[[[[[[[1]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(!valid(texts[i]), "%s is refused", texts[i]);
	const char *why;
	check(!json_check("{}\0{}", 5, &why), "a NUL in a line is refused");
}

/* Every beginning of a line is refused, and reads nothing behind it. */
static void test_truncated(void)
{
	static const char whole[] = "{\"ask\":\"trial\",\"id\":12,\"args\":[\"a\\u00e9\",true],\"n\":-1.5e3}";
	size_t accepted = 0;

	for (size_t bytes = 0; bytes < sizeof(whole) - 1; bytes++) {
		char *part =
			malloc(bytes + 1); /* exactly so large: a sanitizer sees what is read behind it */
		const char *why;

		need(part != NULL, "no memory");
		memcpy(part, whole, bytes);
		part[bytes] = '\0';
		accepted += json_check(part, bytes, &why);
		free(part);
	}
	check(accepted == 0, "no beginning of a line is a line: %zu were", accepted);
}

static void test_members(void)
{
	static const char line[] = " {\"x\":{\"id\":9,\"]\":1},\"a\":[\"}\",\"\\\"\",[3,4],{}],"
				   "\"id\" : 7 ,\"n\":null,\"t\":true,\"e\":[],\"o\":{}} ";
	const char *item = json_first(json_member(line, "a"));
	uint64_t number = 0;
	char text[8];
	bool yes = false;

	need(valid(line), "the line of this test is none");
	check(json_uint(json_member(line, "id"), 100, &number) && number == 7,
	      "a member of the whole is found, and none within a member: %llu", (unsigned long long)number);
	check(json_uint(json_member(json_member(line, "x"), "id"), 100, &number) && number == 9,
	      "a member of a member is found");
	check(json_string(item, text, sizeof(text)) && strcmp(text, "}") == 0, "the first item is found");
	item = json_next(item);
	check(json_string(item, text, sizeof(text)) && strcmp(text, "\"") == 0, "the second item is found");
	item = json_next(item);
	check(json_is_array(item) && json_uint(json_next(json_first(item)), 9, &number) && number == 4,
	      "an item of an item is found");
	item = json_next(json_next(item));
	check(item == NULL, "behind the last item there is none");
	check(!json_first(json_member(line, "e")) && !json_member(json_member(line, "o"), "a"),
	      "empty containers hold nothing");
	check(json_is_null(json_member(line, "n")) && json_bool(json_member(line, "t"), &yes) && yes,
	      "null and true are read");
	check(!json_member(line, "none") && !json_member(json_member(line, "id"), "x") && !json_first(line),
	      "what is not there is not found");
	check(!json_string(NULL, text, sizeof(text)) && !json_bool(NULL, &yes) &&
		      !json_uint(NULL, 1, &number) && !json_is_null(NULL) && !json_is_array(NULL),
	      "a value that is not there is of no type");
}

static void test_numbers(void)
{
	uint64_t number = 0;
	double real = 0;

	check(json_uint("18446744073709551615", UINT64_MAX, &number) && number == UINT64_MAX,
	      "the largest number is read");
	check(!json_uint("18446744073709551616", UINT64_MAX, &number) &&
		      !json_uint("99999999999999999999999999999999999999", UINT64_MAX, &number),
	      "a larger one is refused");
	check(!json_uint("11", 10, &number) && json_uint("10", 10, &number), "a limit holds");
	check(!json_uint("-1", UINT64_MAX, &number) && !json_uint("1.0", UINT64_MAX, &number) &&
		      !json_uint("1e3", UINT64_MAX, &number) && !json_uint("\"1\"", UINT64_MAX, &number),
	      "what is no whole number is refused");
	check(json_double("-1.5e3", &real) && real == -1500, "a real number is read: %g", real);
	check(!json_double("1e999", &real) && !json_double("null", &real), "an infinite one is refused");
}

static void test_strings(void)
{
	char text[16];

	check(json_string("\"\\u00e9\\ud83d\\ude00\\/\\b\\t\"", text, sizeof(text)) &&
		      strcmp(text, "\xc3\xa9\xf0\x9f\x98\x80/\b\t") == 0,
	      "escapes are decoded");
	check(json_string("\"1234567\"", text, 8) && !json_string("\"12345678\"", text, 8),
	      "a string that does not fit is refused");
	check(!json_string("\"a\\u0000b\"", text, sizeof(text)), "a string with a NUL is refused");
	check(json_string("\"\"", text, 1) && text[0] == '\0', "an empty string is one");
}

static void test_written(void)
{
	char *line = NULL;
	const char *why;
	char text[64];
	size_t bytes = 0;
	FILE *stream = open_memstream(&line, &bytes);

	need(stream != NULL, "open_memstream");
	answer_to(stream);
	answer_begin_to(3, "x");
	put_name("list");
	put_array();
	put_uint(UINT64_MAX);
	put_int(INT64_MIN);
	put_null();
	put_bool(true);
	put_object();
	put_object_end();
	put_array_end();
	put_name("text");
	put_text("a\"\\\n\x01\x7f\xff\xc3\xa9\xc3", 10);
	answer_end();
	(void)fclose(stream);
	check(strcmp(line,
		     "{\"event\":\"x\",\"id\":3,\"list\":[18446744073709551615,-9223372036854775808,"
		     "null,true,{}],\"text\":\"a\\\"\\\\\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd"
		     "\"}\n") == 0,
	      "what is written is as it should be: %s", line);
	check(json_check(line, bytes, &why), "... and is read again");
	check(json_string(json_member(line, "text"), text, sizeof(text)) &&
		      strcmp(text, "a\"\\\n\x01\x7f\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd") == 0,
	      "... as the same text, but for what is no UTF-8");
	free(line);
}

int main(void)
{
	test_accepted();
	test_refused();
	test_truncated();
	test_members();
	test_numbers();
	test_strings();
	test_written();
	return checks_exit();
}
