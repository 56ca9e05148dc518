/* SPDX-License-Identifier: MIT */
/* Dates as HTTP writes them (RFC 9110, 5.6.7), as seconds since 1970. */
#pragma once

#include "http/request.h"

#define HTTP_DATE_BYTES 30u /* with its 0 */

/** http_date_format() - "Sun, 06 Nov 1994 08:49:37 GMT"; years 1970 to 9999, others are brought there. */
void http_date_format(int64_t seconds, char text[HTTP_DATE_BYTES]);

/**
 * http_date_parse() - one of the three forms of the standard; false if it is none. @now decides which
 * century a year of two digits means.
 */
bool http_date_parse(struct http_text text, int64_t now, int64_t *seconds);
