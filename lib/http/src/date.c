/* SPDX-License-Identifier: MIT */
#include "http/date.h"

#include "pith/format.h"
#include "pith/string.h"

enum { SECONDS_OF_DAY = 86400, YEAR_MAX = 9999 };

#define LAST_SECOND 253402300799 /* of the year 9999 */

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "SunMonTueWedThuFriSat";

struct civil {
    int64_t year;
    uint32_t month, day; /* 1 .. */
    uint32_t hour, minute, second;
};

/* Days from 1970 to a date of the Gregorian calendar; the year begins in March here, so that leap days come last. */
static int64_t days_of(const struct civil *civil)
{
    int64_t year = civil->year - (civil->month <= 2);
    int64_t era = year / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * ((int64_t)civil->month + (civil->month > 2 ? -3 : 9)) + 2) / 5 +
                      (int64_t)civil->day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(int64_t seconds)
{
    int64_t days = seconds / SECONDS_OF_DAY + 719468;
    uint32_t rest = (uint32_t)(seconds % SECONDS_OF_DAY);
    int64_t era = days / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    struct civil civil = {
        .day = (uint32_t)(of_year - (153 * month + 2) / 5 + 1),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };

    civil.year = year + era * 400 + (civil.month <= 2);
    return civil;
}

void http_date_format(int64_t seconds, char text[HTTP_DATE_BYTES])
{
    seconds = seconds < 0 ? 0 : seconds > LAST_SECOND ? LAST_SECOND : seconds;
    struct civil civil = civil_of(seconds);
    char day[4] = { 0 }, month[4] = { 0 };

    memcpy(day, day_names + (seconds / SECONDS_OF_DAY + 4) % 7 * 3, 3);
    memcpy(month, month_names + (civil.month - 1) * 3, 3);
    (void)format(text, HTTP_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT", day, civil.day,
                 month, (uint32_t)civil.year, civil.hour, civil.minute, civil.second);
}

/*
 * Match a text with a pattern: letters for themselves, D M Y h m s for a digit of that number (a blank
 * counts as 0 for D), N for a letter of a month's name, W for one of a day's.
 */
static bool pattern_match(struct http_text text, const char *pattern, struct civil *civil,
                          char month[4])
{
    size_t of_month = 0;

    if (text.length != strlen(pattern)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.at[i];
        bool is_digit = byte >= '0' && byte <= '9';
        uint32_t digit = is_digit ? (uint32_t)(byte - '0') : 0;

        switch (pattern[i]) {
        case 'D':
            civil->day = civil->day * 10 + digit;
            is_digit |= byte == ' ';
            break;
        case 'Y':
            civil->year = civil->year * 10 + digit;
            break;
        case 'h':
            civil->hour = civil->hour * 10 + digit;
            break;
        case 'm':
            civil->minute = civil->minute * 10 + digit;
            break;
        case 's':
            civil->second = civil->second * 10 + digit;
            break;
        case 'N':
            month[of_month++] = byte;
            is_digit = true;
            break;
        case 'W':
            is_digit = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
            break;
        default:
            is_digit = byte == pattern[i];
        }
        if (!is_digit) {
            return false;
        }
    }
    return true;
}

static uint32_t month_of(const char *name)
{
    for (uint32_t i = 0; i < 12; i++) {
        if (memcmp(name, month_names + (size_t)i * 3, 3) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static bool civil_is_sane(const struct civil *civil)
{
    return civil->year >= 1970 && civil->year <= YEAR_MAX && civil->month != 0 && civil->day >= 1 &&
           civil->day <= 31 && civil->hour < 24 && civil->minute < 60 && civil->second <= 60;
}

/* RFC 850: WWWW, DD-NNN-YY hh:mm:ss GMT; the name of the day has 6 to 9 letters. */
static bool old_match(struct http_text text, int64_t now, struct civil *civil, char month[4])
{
    size_t comma = 0;

    while (comma < text.length && text.at[comma] != ',') {
        comma++;
    }
    text.at += comma;
    text.length -= comma;
    if (comma < 6 || comma > 9 || !pattern_match(text, ", DD-NNN-YY hh:mm:ss GMT", civil, month)) {
        return false;
    }
    /* More than 50 years ahead means the past (RFC 9110, 5.6.7). */
    int64_t this_year = civil_of(now < 0 ? 0 : now).year;

    civil->year += this_year / 100 * 100;
    if (civil->year > this_year + 50) {
        civil->year -= 100;
    }
    return true;
}

bool http_date_parse(struct http_text text, int64_t now, int64_t *seconds)
{
    static const struct civil nothing = { 0, 0, 0, 0, 0, 0 };
    char month[4] = { 0 };
    struct civil civil = nothing;
    bool is_match = pattern_match(text, "WWW, DD NNN YYYY hh:mm:ss GMT", &civil, month);

    if (!is_match) {
        civil = nothing;
        is_match = pattern_match(text, "WWW NNN DD hh:mm:ss YYYY", &civil, month);
    }
    if (!is_match) {
        civil = nothing;
        is_match = old_match(text, now, &civil, month);
    }
    civil.month = month_of(month);
    if (!is_match || !civil_is_sane(&civil)) {
        return false;
    }
    *seconds = days_of(&civil) * SECONDS_OF_DAY + (int64_t)civil.hour * 3600 +
               (int64_t)civil.minute * 60 + (int64_t)civil.second;
    return true;
}
