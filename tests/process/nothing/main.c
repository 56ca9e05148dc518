/* SPDX-License-Identifier: MIT */
/* The smallest program that there is: what starting and ending one costs. */
#include "pith/start.h"

enum { STATUS = 7 };

int main(void)
{
    return STATUS;
}
