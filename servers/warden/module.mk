# SPDX-License-Identifier: MIT
module := servers/warden
kind := program
sources := src/main.c src/record.c src/step.c src/objects.c src/sessions.c src/device.c src/ports.c src/domain.c src/start.c src/recover.c \
           src/probe.c src/stray.c src/stats.c src/say.c src/ear.c src/query.c src/grants.c src/children.c src/caps.c src/ending.c src/lending.c src/trace.c
uses := abi lib/log lib/pith lib/service lib/system
