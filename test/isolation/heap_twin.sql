-- heap_twin.sql: what a spec calls of rusts, for the same spec on heap tables.
-- Nothing moves there, so there is nothing to do, and nothing to find wrong.
CREATE SCHEMA heap_twin;

CREATE FUNCTION heap_twin.flush(relation regclass) RETURNS bigint
LANGUAGE sql AS $$ SELECT 0::bigint $$;

CREATE FUNCTION heap_twin.compact(relation regclass, "full" boolean DEFAULT false) RETURNS bigint
LANGUAGE sql AS $$ SELECT 0::bigint $$;

CREATE FUNCTION heap_twin.verify(relation regclass)
RETURNS TABLE (severity text, segment_id oid, column_name text, message text)
LANGUAGE sql AS $$ SELECT NULL::text, NULL::oid, NULL::text, NULL::text WHERE false $$;

CREATE FUNCTION heap_twin.drop_chunks(relation regclass, older_than timestamptz) RETURNS SETOF text
LANGUAGE plpgsql AS
$$ BEGIN EXECUTE format('DELETE FROM %s WHERE time < $1', relation) USING older_than; END $$;

-- To a table that becomes a heap, another name of heap: the table is written
-- anew, as there.
CREATE ACCESS METHOD heap_again TYPE TABLE HANDLER heap_tableam_handler;
