/* rusts 0.1.0: run by CREATE EXTENSION rusts, never on its own */
\echo Use "CREATE EXTENSION rusts" to load this file. \quit

CREATE SCHEMA rusts;

CREATE FUNCTION rusts.table_handler(internal)
RETURNS table_am_handler
AS 'MODULE_PATHNAME', 'rusts_table_handler'
LANGUAGE C STRICT;

CREATE ACCESS METHOD rusts TYPE TABLE HANDLER rusts.table_handler;
COMMENT ON ACCESS METHOD rusts IS 'time series tables: heap rows in front of columnar segments';
