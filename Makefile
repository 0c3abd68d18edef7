# rusts: time series inside PostgreSQL.
#
#   make                    build with the pg_config on PATH (or PG_CONFIG=...)
#   make install            install into that PostgreSQL
#   make installcheck       run the SQL suite against a running server
#   make demo | check       set up what is missing, then show | test everything
#   make check-versions     the same with PostgreSQL 17 and 18
#   make check-long         the long suites; make lint | bench: see CONTRIBUTING

SETUP_GOALS := demo check check-long lint docs tools bench unit fuzz regress \
	isolation tap clients ingest twin dml stress queries functions crash check-versions check-cassert check-asan check-valgrind check-pgsuite

ifneq ($(filter $(SETUP_GOALS),$(MAKECMDGOALS)),)

.PHONY: $(SETUP_GOALS)
$(SETUP_GOALS):
	@$(dir $(firstword $(MAKEFILE_LIST)))test/run $@

else

# The files of the source tree; a build may be elsewhere: make -f .../Makefile
here = $(patsubst $(srcdir)/%,%,$(sort $(wildcard $(addprefix $(srcdir)/,$(1)))))

MODULE_big = rusts
EXTENSION = rusts
DATA = $(call here,sql/rusts--*.sql)
OBJS = $(patsubst %.c,%.o,$(call here,src/*.c src/*/*.c))
# commitflush is about a test module, which a server in use does not have
REGRESS = $(patsubst sql/%.sql,%,$(filter-out sql/rusts--% sql/commitflush.sql,$(call here,sql/*.sql)))
REGRESS_OPTS = --load-extension=rusts
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(call here,test/isolation/specs/*.spec))
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --load-extension=rusts
PG_CPPFLAGS = -I$(srcdir)/src -MMD -MP '-DPGDLLEXPORT=__attribute__((visibility("default")))'
# No -O here: it would come after the server's, and a debug build's -O0 counts.
PG_CFLAGS = -std=gnu99 -ftree-vectorize -fvisibility=hidden -Wall -Wextra \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
SHLIB_LINK = -llz4 -lzstd -lmicrohttpd -lz -lm
EXTRA_CLEAN = $(OBJS:.o=.d)

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

ifdef VPATH
$(shell mkdir -p $(sort $(dir $(OBJS))))
endif

-include $(OBJS:.o=.d)

endif
