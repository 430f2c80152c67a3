-- Types that Debezium has no form for.
-- debezium: include.unknown.datatypes=true
-- debezium: binary.handling.mode=base64
CREATE TYPE comp AS (a int, b text);
CREATE TYPE fr AS RANGE (subtype = float8);
CREATE TABLE a (id int PRIMARY KEY, c comp, ca comp[], r fr, x xid, x8 xid8, ci cid, t tid, rc regclass, rt regtype, rp regproc, rn regnamespace, ro regrole, l pg_lsn, sn txid_snapshot, ps pg_snapshot, jp jsonpath, ch "char", n name, ov oidvector, iv int2vector, ac aclitem, tv tsvector, tq tsquery, nr numrange, tr tstzrange, dr daterange, mr int8multirange, ln line, ls lseg, pa path, po polygon, ci2 circle, rcfg regconfig);
INSERT INTO a VALUES (1, '(1,"a ""q""")', '{"(1,a)"}', '[1.5,2)', '5', '5', '6', '(0,1)', 'pg_class', 'int4', 'now', 'public', 'conformance', '16/B374D848', '10:20:10,14', '10:20:10,14', '$.a[*]', 'c', 'nm', '1 2', '1 2', 'conformance=r/conformance', 'a:1 b', 'a & b', '[1,2)', '[2020-01-01,)', '[2020-01-01,2020-02-01)', '{[1,2),[5,6)}', '{1,2,3}', '[(0,0),(1,1)]', '((0,0),(1,1))', '((0,0),(1,1))', '<(1,2),3>', 'english');
-- stream
INSERT INTO a SELECT 2, c, ca, r, x, x8, ci, t, rc, rt, rp, rn, ro, l, sn, ps, jp, ch, n, ov, iv, ac, tv, tq, nr, tr, dr, mr, ln, ls, pa, po, ci2, rcfg FROM a;
INSERT INTO a (id) VALUES (3);
