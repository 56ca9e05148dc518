# SPDX-License-Identifier: MIT
module := bench/marks
kind := lib
