/* SPDX-License-Identifier: MIT */
/* Must stay true: never writes past the buffer, whatever the format says. */
#include "pith/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *buffer;
    size_t size;
    size_t length;
};

struct spec {
    uint32_t width;
    uint32_t precision;
    bool has_precision;
    bool zero;
    bool left;
    bool is_long;
    bool upper;    /* digits above 9 */
    bool negative; /* of the value at hand */
};

static void output_char(struct output *output, char character)
{
    if (output->length + 1 < output->size) {
        output->buffer[output->length] = character;
    }
    output->length++;
}

static void output_pad(struct output *output, char with, uint32_t width, size_t used)
{
    for (; used < width; used++) {
        output_char(output, with);
    }
}

static void output_text(struct output *output, const struct spec *spec, const char *text)
{
    size_t length = 0;

    if (text == NULL) {
        text = "(null)";
    }
    while ((!spec->has_precision || length < spec->precision) && text[length] != 0) {
        length++;
    }
    if (!spec->left) {
        output_pad(output, ' ', spec->width, length);
    }
    for (size_t i = 0; i < length; i++) {
        output_char(output, text[i]);
    }
    if (spec->left) {
        output_pad(output, ' ', spec->width, length);
    }
}

static void output_number(struct output *output, const struct spec *spec, uint64_t value,
                          uint32_t base)
{
    const char *digits = spec->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t start = sizeof(text);

    do {
        text[--start] = digits[value % base];
        value /= base;
    } while (value != 0);

    size_t used = sizeof(text) - start + spec->negative;

    if (!spec->left && !spec->zero) {
        output_pad(output, ' ', spec->width, used);
    }
    if (spec->negative) {
        output_char(output, '-');
    }
    if (!spec->left && spec->zero) {
        output_pad(output, '0', spec->width, used);
    }
    for (size_t i = start; i < sizeof(text); i++) {
        output_char(output, text[i]);
    }
    if (spec->left) {
        output_pad(output, ' ', spec->width, used);
    }
}

static uint32_t number_parse(const char **text)
{
    uint32_t value = 0;

    while (**text >= '0' && **text <= '9') {
        value = value * 10 + (uint32_t)(*(*text)++ - '0');
    }
    return value;
}

static struct spec spec_parse(const char **text, va_list *list)
{
    struct spec spec = { 0 };

    for (;; (*text)++) {
        if (**text == '0') {
            spec.zero = true;
        } else if (**text == '-') {
            spec.left = true;
        } else {
            break;
        }
    }
    if (**text == '*') {
        spec.width = va_arg(*list, unsigned);
        (*text)++;
    } else {
        spec.width = number_parse(text);
    }
    if (**text == '.') {
        (*text)++;
        spec.has_precision = true;
        if (**text == '*') {
            spec.precision = va_arg(*list, unsigned);
            (*text)++;
        } else {
            spec.precision = number_parse(text);
        }
    }
    for (; **text == 'l' || **text == 'z'; (*text)++) {
        spec.is_long = true;
    }
    return spec;
}

static void output_signed(struct output *output, struct spec *spec, int64_t value)
{
    spec->negative = value < 0;
    output_number(output, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static uint64_t unsigned_next(const struct spec *spec, va_list *list)
{
    return spec->is_long ? va_arg(*list, uint64_t) : va_arg(*list, unsigned);
}

static void output_conversion(struct output *output, struct spec *spec, char kind, va_list *list)
{
    char character[2] = { kind, 0 };

    switch (kind) {
    case 'c':
        character[0] = (char)va_arg(*list, int);
        output_text(output, spec, character);
        break;
    case 's':
        output_text(output, spec, va_arg(*list, const char *));
        break;
    case 'd':
    case 'i':
        output_signed(output, spec, spec->is_long ? va_arg(*list, int64_t) : va_arg(*list, int));
        break;
    case 'u':
        output_number(output, spec, unsigned_next(spec, list), 10);
        break;
    case 'x':
        output_number(output, spec, unsigned_next(spec, list), 16);
        break;
    case 'X':
        spec->upper = true;
        output_number(output, spec, unsigned_next(spec, list), 16);
        break;
    case 'p':
        spec->is_long = true;
        output_char(output, '0');
        output_char(output, 'x');
        output_number(output, spec, unsigned_next(spec, list), 16);
        break;
    default:
        output_char(output, '%');
        if (kind != '%') {
            output_char(output, kind);
        }
    }
}

size_t format_list(char *buffer, size_t size, const char *format, va_list list)
{
    struct output output = { buffer, size, 0 };
    va_list copy; /* a va_list that is a parameter cannot be handed on by address */

    va_copy(copy, list);
    while (*format != 0) {
        if (*format != '%') {
            output_char(&output, *format++);
            continue;
        }
        format++;
        struct spec spec = spec_parse(&format, &copy);

        if (*format == 0) {
            break;
        }
        output_conversion(&output, &spec, *format++, &copy);
    }
    va_end(copy);
    if (size != 0) {
        buffer[output.length < size ? output.length : size - 1] = 0;
    }
    return output.length;
}

size_t format(char *buffer, size_t size, const char *text, ...)
{
    va_list list;

    va_start(list, text);
    size_t length = format_list(buffer, size, text, list);

    va_end(list);
    return length;
}
